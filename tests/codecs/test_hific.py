"""HiFiC beside the published layers, and its checkpoints as they are saved."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load as parse

from provenance import codecs
from provenance.codecs.learned import conversion
from provenance.codecs.learned.hific import Hific
from provenance.codecs.learned.hific_transforms import Sizes, Transforms
from provenance.errors import InputError

from . import restated, restated_hific

UNIT = 2.0**-10


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> NDArray[np.uint8]:
    with Image.open(astronaut) as image:
        return np.array(image.convert("RGB"))


def converted(state: restated_hific.State) -> dict[str, torch.Tensor]:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return dict(parse(conversion.converted(buffer.getvalue(), "weights")))


@pytest.mark.parametrize("normalised", [True, False])
def test_hific_is_what_was_published(photo: NDArray[np.uint8], normalised: bool) -> None:
    state = restated_hific.hific_state(12, 18, 2, normalised=normalised)
    ours = Hific(converted(state))
    pixels = photo[:448, :512]
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    symbols, hyper, means = (torch.from_numpy(part) for part in ours.analyse(pixels))
    y = restated_hific.analysis(state, x)
    # Tiles and all: latents of the whole picture.
    found = ours._transforms.analyse(pixels, 28, 32)
    assert (found - y[0]).abs().max() < 1e-4 * max(1.0, float(y.abs().max()))
    medians = restated_hific.medians(state)
    z = restated_hific.hyper_analysis(state, y)
    z = torch.floor(z - medians + 0.5) + medians
    assert ((hyper + medians[0] - z[0]).abs() > 2e-3).float().mean() < 1e-2
    assert hyper.abs().max() > 1
    # Means and scales in integers: those of the published networks, to a fraction of a step.
    z = (hyper + medians[0])[None].float()
    expected = restated_hific.hyper_synthesis(state, "mu", z)[0]
    assert (means * UNIT - expected).abs().max() < 0.02 and expected.abs().max() > 1
    assert (symbols - torch.round(y[0] - means * UNIT)).abs().max() <= 1
    assert (symbols != torch.round(y[0] - means * UNIT)).float().mean() < 1e-3
    scales = restated_hific.hyper_synthesis(state, "std", z)
    levels = torch.exp(torch.linspace(float(np.log(0.11)), float(np.log(256)), 64))
    table = torch.searchsorted(levels[:-1], scales.clamp_min(0.11).contiguous())[0]
    indices = torch.from_numpy(ours.scale_indices(hyper.numpy())).long()
    assert (indices - table).abs().max() <= 1 and (indices != table).float().mean() < 0.03
    assert len(set(indices.flatten().tolist())) > 10
    ideal = restated.gaussian_bits(symbols[None], scales)
    ideal -= float(restated_hific.density(state, z).clamp_min(1e-9).log2().sum())
    payload = ours.encode((symbols.numpy(), hyper.numpy(), means.numpy()))
    assert 8 * (len(payload.words) + len(payload.escapes)) < 1.02 * ideal + 128
    quantised = symbols + means * UNIT
    pixels_expected = restated_hific.generator(state, quantised[None])[0].clamp(0, 1)
    decoded = ours.synthesise((symbols.numpy(), hyper.numpy(), means.numpy()), 448, 512)
    difference = np.abs(decoded / 255 - pixels_expected.permute(1, 2, 0).numpy())
    assert difference.max() <= 0.5 / 255 + 1e-4
    assert decoded.std() > 3


def test_sizes_of_the_paper_are_those_published() -> None:
    paper = Sizes((60, 120, 240, 480, 960), 220, (960, 480, 240, 120, 60), 9)
    with torch.device("meta"):
        count = sum(p.numel() for p in Transforms(paper).parameters())
    # Encoder 7.4 and generator 156.8 million, as the paper counts them in its table 1.
    assert 160e6 < count < 170e6


def checkpoint(args: Any, **more: object) -> bytes:
    state = restated_hific.hific_state(6, 8, 1)
    del state["args.normalize_input_image"]
    buffer = io.BytesIO()
    saved = {
        "model_state_dict": state,
        "compression_optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 1e-4}]},
        "epoch": 3,
        "steps": 10,
        "args": args,
    }
    torch.save(saved | more, buffer)
    return buffer.getvalue()


ARGS: dict[str, Any] = {
    "normalize_input_image": True,
    "likelihood_type": "gaussian",
    "image_dims": (3, 256, 256),
    "lambda_schedule": {"vals": [2.0, 1.0], "steps": [50000]},
    "n_steps": 1e6,
    "name": "hific",
    "huge": 10**40,
    "nothing": None,
}


@pytest.mark.parametrize("kind", ["dictionary", "namespace"])
def test_a_checkpoint_is_added_whole(kind: str, tmp_path: Path) -> None:
    args = ARGS if kind == "dictionary" else argparse.Namespace(**ARGS)
    file = tmp_path / "hific_hi.pt"
    file.write_bytes(checkpoint(args))
    added = codecs.add(f"hific-{kind}", file)
    try:
        assert (added.facts.name, added.facts.generative) == ("hific", True)
        assert added.facts.decoder == "generative"
        made = parse(conversion.converted(file.read_bytes(), "x"))
        plain = converted(restated_hific.hific_state(6, 8, 1))
        assert made.keys() == plain.keys()
        assert all(torch.equal(made[key], plain[key]) for key in made)
    finally:
        codecs.remove(f"hific-{kind}")


def test_checkpoints_that_mean_something_else_are_refused(tmp_path: Path) -> None:
    noisy = restated_hific.hific_state(6, 8, 1)
    for half in (1, 2):
        noisy[f"Generator.resblock_0.conv{half}.weight"] = torch.zeros(20, 20, 3, 3)
    mixture = {**noisy, "Hyperprior.synthesis_DLMM_params.conv1.weight": torch.zeros(3)}
    cases = (
        (checkpoint(None), "whole checkpoint"),
        (checkpoint({"likelihood_type": "gaussian"}), "whole checkpoint"),
        (checkpoint(ARGS | {"likelihood_type": "logistic"}), "'logistic'"),
        (checkpoint(ARGS, model_state_dict=noisy), "20x20x3x3, not 14x14x3x3"),
        (checkpoint(ARGS, model_state_dict=mixture), "20x20x3x3"),
        (checkpoint(argparse.Namespace(logger=print)), "read safely"),
    )
    for number, (data, reason) in enumerate(cases):
        file = tmp_path / f"{number}.pt"
        file.write_bytes(data)
        with pytest.raises(InputError, match=reason) as refused:
            codecs.add("refused", file)
        assert "\n" not in str(refused.value)
    assert "refused" not in codecs.names()
