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
from provenance.codecs.learned import digits, entropy_model, fixed_rate, msh
from provenance.errors import BitstreamError

from . import SHIPPED

LIMIT = 10**8

Product = Callable[[Tensor, Tensor], Tensor]


def _shuffled(product: Product, weight: Tensor, x: Tensor) -> Tensor:
    order = torch.randperm(len(x))
    return product(weight[:, order], x[order])


def _in_parts(product: Product, weight: Tensor, x: Tensor) -> Tensor:
    middle = len(x) // 3
    return product(weight[:, middle:], x[middle:]) + product(weight[:, :middle], x[:middle])


def _channels_last(product: Product, weight: Tensor, x: Tensor) -> Tensor:
    return product(x.T.contiguous(), weight.T.contiguous()).T


def _other_library(_: Product, weight: Tensor, x: Tensor) -> Tensor:
    return torch.from_numpy(weight.double().numpy() @ x.double().numpy())


def _without_library(_: Product, weight: Tensor, x: Tensor) -> Tensor:
    return torch.from_numpy(np.einsum("ij,jk->ik", weight.double().numpy(), x.double().numpy()))


def _on_the_gpu(product: Product, weight: Tensor, x: Tensor) -> Tensor:
    return product(weight.double().cuda(), x.double().cuda()).cpu()


def _coarse(product: Product, weight: Tensor, x: Tensor) -> Tensor:
    return product(weight, x).bfloat16()


Sums = Callable[[Product, Tensor, Tensor], Tensor]


@pytest.fixture(params=["float64", "int8"])
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways to exact sums; the model is loaded anew for each."""
    if request.param == "int8" and not digits.fast():
        pytest.skip("this processor does not multiply int8 in hardware")
    monkeypatch.setattr(digits, "fast", lambda: request.param == "int8")
    _forget()
    yield request.param
    _forget()


def _forget() -> None:
    """Networks that are loaded."""
    msh._coder.cache_clear()
    fixed_rate._load.cache_clear()


@pytest.fixture
def summed(arithmetic: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sums], None]:
    """Exchanges how sums of products are made."""

    def exchange(sums: Sums) -> None:
        int_mm = torch._int_mm

        def in_float64(bias: Tensor, weight: Tensor, x: Tensor) -> Tensor:
            return bias + sums(torch.mm, weight, x)

        def in_int8(weight: Tensor, x: Tensor) -> Tensor:
            return sums(int_mm, weight, x).to(torch.int32)

        def never(*_: Tensor) -> Tensor:
            raise AssertionError(f"products are not in {arithmetic}")

        monkeypatch.setattr(torch, "addmm", in_float64 if arithmetic == "float64" else never)
        monkeypatch.setattr(torch, "_int_mm", in_int8 if arithmetic == "int8" else never)

    return exchange


@pytest.fixture(scope="module", params=SHIPPED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stream(name: str, data: Path) -> bytes:
    # Drawing from noise takes long.
    height, width = (128, 192) if name == "cdc" else (256, 384)
    with Image.open(data / "kodak" / "kodim08.png") as image:
        pixels = np.asarray(image.convert("RGB"))[:height, :width]
    return codecs.get(name).encode(Picture(pixels), 70)


@pytest.mark.parametrize(
    "sums", [_shuffled, _in_parts, _channels_last, _other_library, _without_library]
)
def test_the_order_of_sums_does_not_matter(
    stream: bytes, sums: Sums, summed: Callable[[Sums], None]
) -> None:
    summed(sums)
    codecs.decode(stream, max_pixels=LIMIT)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_finds_the_same(stream: bytes, summed: Callable[[Sums], None]) -> None:
    summed(_on_the_gpu)
    codecs.decode(stream, max_pixels=LIMIT)


def test_coarser_sums_are_noticed(name: str, stream: bytes, summed: Callable[[Sums], None]) -> None:
    if name == "factorized":
        pytest.skip("its probabilities stand in tables: there are no sums")
    summed(_coarse)
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
@pytest.mark.usefixtures("setting", "arithmetic")
def test_threads_libraries_and_types_do_not_matter(stream: bytes) -> None:
    codecs.decode(stream, max_pixels=LIMIT)


# Of the entropy model; only the default codec has those.
@pytest.mark.parametrize("name", [codecs.DEFAULT], indirect=True)
@pytest.mark.parametrize("tile", [16, 24, 512])
def test_tiles_do_not_matter(stream: bytes, tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entropy_model, "TILE", tile)
    monkeypatch.setattr(entropy_model, "HYPER_TILE", tile // 4)
    codecs.decode(stream, max_pixels=LIMIT)
