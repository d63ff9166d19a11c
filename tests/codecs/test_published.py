"""Published weights as codecs: beside the published layers, as bitstreams, as hostile files."""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load as parse
from safetensors.torch import save_file

from provenance import codecs
from provenance.codecs import Picture, added, bitstream, schemes
from provenance.codecs.learned import conversion, published
from provenance.codecs.learned.charm import Charm
from provenance.codecs.learned.factorized import Factorized
from provenance.codecs.learned.scale_hyperprior import Hyperprior
from provenance.codecs.schemes import METADATA
from provenance.errors import InputError, ModelError, OutputError, ProvenanceError, UsageError

from . import restated, restated_hific

LIMIT = 10**7
STATES: dict[str, Callable[[int, int, int], restated.State]] = {
    "factorized": restated.factorized_state,
    "hyperprior": restated.hyperprior_state,
    "hific": restated_hific.hific_state,
    "charm": restated.charm_state,
}


@pytest.fixture(scope="module", params=STATES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def checkpoint(scheme: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / f"bmshj2018-{scheme}.pth.tar"
    torch.save(STATES[scheme](12, 18, 1), path)
    return path


@pytest.fixture(scope="module")
def codec(scheme: str, checkpoint: Path) -> Iterator[codecs.Codec]:
    yield codecs.add(f"small-{scheme}", checkpoint)
    codecs.remove(f"small-{scheme}")


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> NDArray[np.uint8]:
    with Image.open(astronaut) as image:
        return np.array(image.convert("RGB"))


def _as_tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def test_factorized_is_what_was_published(photo: NDArray[np.uint8]) -> None:
    state = restated.factorized_state(16, 24, 2)
    ours = Factorized(published_tensors(state))
    pixels = photo[:320, :448]
    (symbols,) = ours.analyse(pixels)
    y = restated.analysis(state, _as_tensor(pixels))
    found = ours._transforms.analyse(pixels, 20, 28)
    assert (found - y[0]).abs().max() < 1e-4 * max(1.0, float(y.abs().max()))
    expected = restated.quantised(state, y)
    assert np.abs(symbols).max() > 3
    # Symbols differ only where a latent lies on the border between two.
    latents = torch.from_numpy(symbols) + restated.medians(state)[0]
    off = latents != expected[0]
    assert off.float().mean() < 1e-4
    x = restated.synthesis(state, latents[None])[0].clamp(0, 1)
    decoded = ours.synthesise((symbols,), 320, 448)
    assert np.abs(decoded / 255 - x.permute(1, 2, 0).numpy()).max() <= 0.5 / 255 + 1e-4


def test_factorized_spends_the_bits_of_the_published_density(photo: NDArray[np.uint8]) -> None:
    state = restated.factorized_state(16, 24, 2)
    ours = Factorized(published_tensors(state))
    (symbols,) = ours.analyse(photo[:320, :448])
    latents = torch.from_numpy(symbols) + restated.medians(state)[0]
    ideal = -restated.density(state, latents[None]).clamp_min(1e-9).log2().sum() / 8
    payload = ours.encode((symbols,))
    assert len(payload.words) + len(payload.escapes) < 1.02 * ideal + 16


def test_hyperprior_is_what_was_published(photo: NDArray[np.uint8]) -> None:
    state = restated.hyperprior_state(16, 24, 2)
    ours = Hyperprior(published_tensors(state))
    pixels = photo[:320, :448]
    symbols, hyper = ours.analyse(pixels)
    y = restated.analysis(state, _as_tensor(pixels))
    z = restated.quantised(state, restated.hyper_analysis(state, y.abs()))
    assert np.mean(symbols != y[0].round().numpy()) < 1e-4 and np.abs(symbols).max() > 3
    found = torch.from_numpy(hyper) + restated.medians(state)[0]
    assert ((found - z[0]).abs() > 1e-3).float().mean() < 1e-2 and np.abs(hyper).max() > 1
    # Scales in integers: the table that the published rule takes, but on the borders.
    scales = restated.hyper_synthesis(state, found[None])
    levels = torch.exp(torch.linspace(float(np.log(0.11)), float(np.log(256)), 64))
    expected = torch.searchsorted(levels[:-1], scales.clamp_min(0.11).contiguous())[0]
    indices = torch.from_numpy(ours.scale_indices(hyper)).long()
    assert (indices - expected).abs().max() <= 1 and (indices != expected).float().mean() < 0.03
    assert len(set(indices.flatten().tolist())) > 10
    ideal = restated.gaussian_bits(torch.from_numpy(symbols)[None], scales)
    ideal -= float(restated.density(state, found[None]).clamp_min(1e-9).log2().sum())
    payload = ours.encode((symbols, hyper))
    assert 8 * (len(payload.words) + len(payload.escapes)) < 1.02 * ideal + 128
    x = restated.synthesis(state, torch.from_numpy(symbols)[None].float())[0].clamp(0, 1)
    decoded = ours.synthesise((symbols, hyper), 320, 448)
    assert np.abs(decoded / 255 - x.permute(1, 2, 0).numpy()).max() <= 0.5 / 255 + 1e-4


def test_charm_is_what_was_published(photo: NDArray[np.uint8]) -> None:
    state = restated.charm_state(16, 24, 2)
    ours = Charm(published_tensors(state))
    pixels = photo[:320, :448]
    symbols, hyper, values = ours.analyse(pixels)
    y = restated.analysis(state, _as_tensor(pixels))
    z = restated.quantised(state, restated.hyper_analysis(state, y))
    found = torch.from_numpy(hyper) + restated.medians(state)[0]
    assert ((found - z[0]).abs() > 1e-3).float().mean() < 1e-2 and np.abs(hyper).max() > 1
    expected, means, levels, known = restated.charm_slices(state, y, found[None])
    # Where a latent lies on the border of two symbols, what comes after it differs with it.
    off = symbols != expected[0].numpy()
    assert np.mean(off[:8]) < 0.01 and np.mean(off) < 0.05 and np.abs(symbols).max() > 3
    same = torch.from_numpy(values / 1024) - known[0]
    assert same[:8].abs().median() < 5e-3 and same.abs().median() < 0.02
    assert (known - (expected + means)).abs().max() > 0.3
    # The bits are those of the published scales.
    scales = 0.11 * torch.exp(levels.clamp(0, 63) * (np.log(256 / 0.11) / 63))
    ideal = restated.gaussian_bits(expected, scales)
    ideal -= float(restated.density(state, found[None]).clamp_min(1e-9).log2().sum())
    payload = ours.encode((symbols, hyper, values))
    assert 8 * (len(payload.words) + len(payload.escapes)) == pytest.approx(ideal, rel=0.02)
    x = restated.synthesis(state, torch.from_numpy(values / 1024)[None].float())[0].clamp(0, 1)
    decoded = ours.synthesise((symbols, hyper, values), 320, 448)
    assert np.abs(decoded / 255 - x.permute(1, 2, 0).numpy()).max() <= 0.5 / 255 + 1e-4


def test_scales_do_not_depend_on_threads_or_batches(photo: NDArray[np.uint8]) -> None:
    ours = Hyperprior(published_tensors(restated.hyperprior_state(16, 24, 2)))
    hyper = np.random.default_rng(0).integers(-400, 400, (16, 5, 7)).astype(np.int32)
    threads = torch.get_num_threads()
    expected = ours.scale_indices(hyper)
    try:
        torch.set_num_threads(1)
        assert np.array_equal(ours.scale_indices(hyper), expected)
    finally:
        torch.set_num_threads(threads)


def published_tensors(state: restated.State) -> dict[str, torch.Tensor]:
    """A state dict, converted."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return dict(parse(conversion.converted(buffer.getvalue(), "weights")))


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (3, 7), (15, 17), (64, 64), (257, 130), (512, 512)]
)
def test_any_size_comes_back(
    codec: codecs.Codec, photo: NDArray[np.uint8], height: int, width: int
) -> None:
    stream = codec.encode(Picture(photo[:height, :width]), 50)
    decoded = codecs.decode(stream, max_pixels=LIMIT)
    assert decoded.pixels.shape == (height, width, 3)
    assert codec.encode(Picture(photo[:height, :width]), 1) == stream


def test_tiles_leave_no_trace(scheme: str, codec: codecs.Codec, photo: NDArray[np.uint8]) -> None:
    if scheme == "charm":
        pytest.skip("its latents depend on ones far away, whatever the tiles")
    if scheme == "hific":
        pytest.skip("what its means see goes too far; its tiles are in test_hific")
    wide = np.tile(photo, (2, 2, 1))[:600, :700]
    whole = codecs.decode(codec.encode(Picture(wide), 50), max_pixels=LIMIT).pixels
    corner = codecs.decode(codec.encode(Picture(wide[:320, :384]), 50), max_pixels=LIMIT).pixels
    difference = np.abs(whole[:192, :192].astype(int) - corner[:192, :192])
    assert difference.max() <= 1


def test_alpha_and_grey_are_kept(codec: codecs.Codec, photo: NDArray[np.uint8]) -> None:
    grey = np.repeat(photo[:40, :50, :1], 3, axis=2)
    alpha = photo[:40, :50, 1]
    decoded = codecs.decode(codec.encode(Picture(grey, alpha, grey=True), 50), max_pixels=LIMIT)
    assert decoded.grey and (decoded.pixels[..., 0] == decoded.pixels[..., 2]).all()
    assert decoded.alpha is not None and np.array_equal(decoded.alpha, alpha)


def test_the_stream_names_scheme_and_weights(
    scheme: str, codec: codecs.Codec, photo: NDArray[np.uint8]
) -> None:
    stream = bitstream.parse(codec.encode(Picture(photo[:20, :20]), 50))
    assert (stream.codec, stream.model) == (scheme, f"small-{scheme}")
    assert codec.model.sha256 is not None
    assert stream.weights.hex() == codec.model.sha256[:16]
    assert codec.facts.name == scheme and codec.facts.generative == (scheme == "hific")


def test_a_damaged_stream_is_refused(codec: codecs.Codec, photo: NDArray[np.uint8]) -> None:
    stream = codec.encode(Picture(photo[:90, :70]), 50)
    parsed = bitstream.parse(stream)
    rng = np.random.default_rng(4)
    refused = 0
    for _ in range(60):
        words = bytearray(parsed.words)
        words[rng.integers(len(words))] ^= 1 << rng.integers(8)
        kind = rng.integers(4)
        mutated = (
            replace(parsed, words=bytes(words)),
            replace(parsed, words=parsed.words[: 4 * int(rng.integers(len(words) // 4))]),
            replace(parsed, escapes=rng.bytes(5)),
            replace(parsed, width=int(rng.integers(1, 3000)), height=int(rng.integers(1, 3000))),
        )[kind]
        try:
            codecs.decode(bitstream.pack(mutated), max_pixels=LIMIT)
        except ProvenanceError:
            refused += 1
    assert refused >= 55


def test_the_same_weights_are_found_under_any_name(
    scheme: str,
    codec: codecs.Codec,
    photo: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    stream = codec.encode(Picture(photo[:20, :20]), 50)
    expected = codecs.decode(stream, max_pixels=LIMIT).pixels
    file = added.get(f"small-{scheme}").path
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(ModelError, match="codecs add"):
        codecs.decode(stream, max_pixels=LIMIT)
    again = codecs.add("other", file)
    assert again.model.sha256 == codec.model.sha256
    assert np.array_equal(codecs.decode(stream, max_pixels=LIMIT).pixels, expected)


def test_only_weights_that_may_be_meant_are_hashed(
    scheme: str, codec: codecs.Codec, photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = codec.encode(Picture(photo[:20, :20]), 50)
    other = "factorized" if scheme == "hyperprior" else "hyperprior"
    torch.save(STATES[other](4, 6, 1), added.folder().parent / "other.pth")
    codecs.add("of-another-scheme", added.folder().parent / "other.pth")
    hashed: list[str] = []
    true_hash = schemes._hash.__wrapped__
    monkeypatch.setattr(schemes, "_hash", functools.cache(_told(true_hash, hashed)))
    for _ in range(2):
        codecs.decode(stream, max_pixels=LIMIT)
    codecs.remove("of-another-scheme")
    assert hashed.count(f"small-{scheme}") == 1 and "of-another-scheme" not in hashed


def _told(hash_of: Callable[[Path, object], str], told: list[str]) -> Callable[..., str]:
    def hashing(path: Path, state: object) -> str:
        told.append(path.stem)
        return hash_of(path, state)

    return hashing


def test_other_forms_of_the_same_weights_give_the_same_tensors(scheme: str, tmp_path: Path) -> None:
    state = STATES[scheme](6, 9, 3)
    old = {
        f"module.{key}": value
        for key, value in {
            key.replace("._matrix", "._matrices.")
            .replace("._bias", "._biases.")
            .replace("._factor", "._factors."): value
            for key, value in state.items()
        }.items()
    }
    forms = [tmp_path / name for name in ("new.pth", "wrapped.pth", "legacy.pth", "a.safetensors")]
    torch.save(state, forms[0])
    torch.save({"epoch": 3, "state_dict": old}, forms[1])
    torch.save(state, forms[2], _use_new_zipfile_serialization=False)
    save_file(state, forms[3])
    files = [conversion.converted(p.read_bytes(), p.name) for p in (*forms, forms[0])]
    assert files[-1] == files[0]
    made = [parse(file) for file in files]
    for other in made[1:]:
        assert other.keys() == made[0].keys()
        assert all(torch.equal(other[key], made[0][key]) for key in other)


class _Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code ran')",))


def _saved(value: object, *, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def _with(state: restated.State, key: str, value: torch.Tensor) -> bytes:
    return _saved({**state, key: value})


def _lying(state: restated.State) -> bytes:
    """An archive in which a tensor claims a thousand times the bytes that are there."""
    source = zipfile.ZipFile(io.BytesIO(_saved(state)))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as out:
        for entry in source.infolist():
            data = source.read(entry)
            out.writestr(entry.filename, data[:64] if "/data/0" in entry.filename else data)
    return target.getvalue()


def _compressed(state: restated.State) -> bytes:
    source = zipfile.ZipFile(io.BytesIO(_saved(state)))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in source.infolist():
            out.writestr(entry.filename, source.read(entry))
    return target.getvalue()


def _archive(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as out:
        out.writestr(name, b"hello")
    return target.getvalue()


STATE = restated.factorized_state(4, 6, 0)
WEIGHT = "g_a.2.weight"
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "neither PyTorch nor safetensors"),
    "text": (lambda: b"hello, these are no weights at all", "neither PyTorch nor safetensors"),
    "JPEG": (lambda: b"\xff\xd8\xff\xe0" + bytes(99), "neither PyTorch nor safetensors"),
    "another archive": (lambda: _archive("notes.txt"), "that PyTorch did not write"),
    "code": (lambda: _saved({"g_a.0.weight": _Harm()}), "read safely"),
    "code, legacy": (lambda: _saved(_Harm(), legacy=True), "read safely"),
    "code, bare pickle": (lambda: pickle.dumps(_Harm()), "read safely"),
    "compressed": (lambda: _compressed(STATE), "compressed"),
    "cut": (lambda: _saved(STATE)[:-5000], "read safely"),
    "a list": (lambda: _saved([torch.zeros(3)]), "not a state dict"),
    "numbers": (lambda: _saved({"g_a.0.weight": 3}), "something else"),
    "another network": (lambda: _saved({"conv.weight": torch.zeros(3)}), "g_a.0.weight"),
    "scalar": (lambda: _with(STATE, "g_a.0.weight", torch.tensor(3.0)), "g_a.0.weight"),
    "missing": (
        lambda: _saved({k: v for k, v in STATE.items() if k != WEIGHT}),
        f"{WEIGHT} is missing",
    ),
    "more": (lambda: _with(STATE, "context.weight", torch.zeros(3)), "another kind"),
    "shape": (lambda: _with(STATE, WEIGHT, torch.zeros(4, 4, 3, 3)), "4x4x3x3, not 4x4x5x5"),
    "huge view": (
        lambda: _with(STATE, WEIGHT, torch.zeros(1).expand(10**5, 10**5, 10**5)),
        "100000x100000x100000",
    ),
    "many channels": (
        lambda: _with(STATE, "g_a.0.weight", torch.zeros(1).expand(10**6, 3, 5, 5)),
        "1000000 and 6 channels",
    ),
    "sparse": (lambda: _with(STATE, WEIGHT, torch.zeros(4, 4, 5, 5).to_sparse()), "ordinary"),
    "integers": (lambda: _with(STATE, WEIGHT, torch.zeros(4, 4, 5, 5).int()), "not floats"),
    "nan": (lambda: _with(STATE, WEIGHT, torch.full((4, 4, 5, 5), torch.nan)), "finite"),
    "other GDN": (
        lambda: _with(STATE, "g_a.1.beta_reparam.pedestal", torch.tensor([0.5])),
        "not the one",
    ),
    "explodes": (lambda: _with(STATE, "g_a.6.bias", torch.full((6,), 1e30)), "usable"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.filterwarnings("ignore:.*invariant checks.*:UserWarning")
def test_hostile_weights_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    make, reason = HOSTILE[kind]
    file = tmp_path / "weights.pth"
    file.write_bytes(make())
    with pytest.raises((InputError, ModelError), match=reason) as refused:
        codecs.add("hostile", file)
    message = str(refused.value)
    assert message.startswith(str(file)) and "\n" not in message and len(message) < 400
    assert "hostile" not in codecs.names()


def test_a_tensor_cannot_claim_bytes_beyond_the_file(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(_lying(STATE))
    with pytest.raises((InputError, ModelError)):
        codecs.add("hostile", file)


def test_converted_files_that_were_altered_are_refused(
    scheme: str, codec: codecs.Codec, tmp_path: Path
) -> None:
    good = added.get(f"small-{scheme}").path.read_bytes()
    tensors = dict(parse(good))
    about = {METADATA: f'{{"scheme": "{scheme}", "source": "{"0" * 64}"}}'}
    start = next(key for key in tensors if key.endswith("frequencies"))
    layer = next(key for key in tensors if key.startswith("analysis.") and tensors[key].dim() == 4)
    for key, value in (
        (start, tensors[start] * 2),
        (start, tensors[start][:-1]),
        (start, tensors[start].long()),
        ("medians", torch.zeros(3)),
        (layer, torch.zeros(2, 2, 5, 5)),
    ):
        save_file({**tensors, key: value}, tmp_path / "altered.safetensors", about)
        with pytest.raises(ModelError, match=r"altered\.safetensors: .*codecs add"):
            codecs.add("altered", tmp_path / "altered.safetensors")
    with pytest.raises((InputError, ModelError)):
        (tmp_path / "cut.safetensors").write_bytes(good[:-100])
        codecs.add("altered", tmp_path / "cut.safetensors")


def test_names_and_hashes_are_checked(checkpoint: Path, codec: codecs.Codec, scheme: str) -> None:
    for name in ("../evil", "Upper", "", "a" * 65, ".hidden"):
        with pytest.raises(UsageError, match="a name has"):
            codecs.add(name, checkpoint)
    for name in ("msh", f"small-{scheme}"):
        with pytest.raises(OutputError, match="already"):
            codecs.add(name, checkpoint)
    with pytest.raises(InputError, match="not the one expected"):
        codecs.add("again", checkpoint, "0" * 64)
    with pytest.raises(UsageError, match="64"):
        codecs.add("again", checkpoint, "1234")
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert codecs.add("again", checkpoint, digest.upper()).model.extra["source_sha256"] == digest
    codecs.remove("again")
    with pytest.raises(InputError, match="no codec that was added"):
        codecs.remove("again")


def test_the_published_sizes_are_allowed() -> None:
    assert published.MAX_CHANNELS >= 320
