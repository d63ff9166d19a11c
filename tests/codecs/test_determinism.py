"""One bitstream, many ways to do the sums: the latents are the same to the last bit.

The digest of the latents is in the bitstream, and decoding fails where a single one differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from provenance import codecs
from provenance.codecs import Picture
from provenance.codecs.learned import entropy_model
from provenance.errors import BitstreamError

LIMIT = 10**8

_addmm = torch.addmm


def _shuffled(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
    order = torch.randperm(len(x))
    return _addmm(bias, weight[:, order], x[order])


def _in_parts(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
    middle = len(x) // 3
    return weight[:, middle:] @ x[middle:] + (bias + weight[:, :middle] @ x[:middle])


def _channels_last(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
    return (x.T.contiguous() @ weight.T.contiguous()).T + bias


def _other_library(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
    return torch.from_numpy(weight.numpy() @ x.numpy()) + bias


def _without_library(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
    return torch.from_numpy(np.einsum("ij,jk->ik", weight.numpy(), x.numpy())) + bias


def _on_the_gpu(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
    return _addmm(bias.cuda(), weight.cuda(), x.cuda()).cpu()


@pytest.fixture(scope="module")
def stream(data: Path) -> bytes:
    with Image.open(data / "kodak" / "kodim08.png") as image:
        pixels = np.asarray(image.convert("RGB"))[:256, :384]
    return codecs.get("msh").encode(Picture(pixels), 70)


@pytest.mark.parametrize(
    "sums", [_shuffled, _in_parts, _channels_last, _other_library, _without_library]
)
def test_the_order_of_sums_does_not_matter(
    stream: bytes, sums: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "addmm", sums)
    codecs.decode(stream, max_pixels=LIMIT)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_finds_the_same(stream: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "addmm", _on_the_gpu)
    codecs.decode(stream, max_pixels=LIMIT)


def test_coarser_sums_are_noticed(stream: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def rounded(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return _addmm(bias.bfloat16(), weight.bfloat16(), x.bfloat16()).double()

    monkeypatch.setattr(torch, "addmm", rounded)
    with pytest.raises(BitstreamError):
        codecs.decode(stream, max_pixels=LIMIT)


@pytest.fixture(params=["one thread", "two threads", "without oneDNN", "float64 by default"])
def setting(request: pytest.FixtureRequest) -> Iterator[None]:
    threads = torch.get_num_threads()
    try:
        if request.param == "without oneDNN":
            with torch.backends.mkldnn.flags(enabled=False):
                yield
            return
        if request.param == "float64 by default":
            torch.set_default_dtype(torch.float64)
        else:
            torch.set_num_threads(1 if request.param == "one thread" else 2)
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(torch.float32)


# Switching oneDNN off sets a flag of Intel GPUs along the way, which warns.
@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.usefixtures("setting")
def test_threads_libraries_and_types_do_not_matter(stream: bytes) -> None:
    codecs.decode(stream, max_pixels=LIMIT)


@pytest.mark.parametrize("tile", [16, 24, 512])
def test_tiles_do_not_matter(stream: bytes, tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entropy_model, "TILE", tile)
    monkeypatch.setattr(entropy_model, "HYPER_TILE", tile // 4)
    codecs.decode(stream, max_pixels=LIMIT)
