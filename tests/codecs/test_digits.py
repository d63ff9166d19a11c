"""Products in int8 are those of integers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from provenance.codecs.learned.digits import DigitProduct, digits, largest


def _random(bound: int, *shape: int) -> Tensor:
    return torch.randint(-bound, bound + 1, shape, dtype=torch.int32)


def _layer(outputs: int, inputs: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    weight = _random(8191, outputs, inputs)
    bias = torch.randint(-(2**31), 2**31, (outputs,))
    return weight, bias, torch.randint(8, 23, (outputs,))


def _expected(weight: Tensor, bias: Tensor, shift: Tensor, x: Tensor) -> Tensor:
    return (weight.long() @ x.long() + bias[:, None]) >> shift[:, None]


@pytest.mark.parametrize("bound", [0, 1, 127, 128, 32_639, 32_640, 100_000])
@pytest.mark.parametrize(("inputs", "places"), [(1, 1), (64, 5), (512, 33)])
def test_a_product_is_that_of_integers(bound: int, inputs: int, places: int) -> None:
    layer = _layer(24, inputs)
    product, x = DigitProduct(*layer), _random(bound, inputs, places)
    assert largest(x) <= product.largest
    assert torch.equal(product(x).long(), _expected(*layer, x))


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_activation_is_exact(sign: int) -> None:
    weight, bias, shift = _layer(24, 512)
    weight = torch.where(weight < 0, -8191, 8191).to(torch.int16)
    product = DigitProduct(weight, bias, shift)
    x = sign * product.largest * weight[:1].sign().T.to(torch.int32)
    assert 30_000 < largest(x) == product.largest
    assert torch.equal(product(x).long(), _expected(weight, bias, shift, x))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_digits_add_up(count: int) -> None:
    reach = min(127 * (256**count - 1) // 255, 2**24)
    values = torch.cat((_random(reach, 1000), torch.tensor([-reach, reach], dtype=torch.int32)))
    places = digits(values, count)
    assert torch.equal(sum(place.long() * 256**n for n, place in enumerate(places)), values.long())
