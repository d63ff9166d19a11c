"""The integer twin of the hyper-synthesis."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from provenance.codecs.learned import integer_network
from provenance.codecs.learned.hyperprior import MeanScaleHyperprior
from provenance.codecs.learned.integer_network import fixed_point


@pytest.fixture(scope="module")
def network() -> nn.Sequential:
    torch.manual_seed(3)
    return MeanScaleHyperprior().eval().hyper_synthesis


def test_it_follows_the_float_network(network: nn.Sequential) -> None:
    z = torch.randint(-20, 20, (1, 64, 5, 7), dtype=torch.int32)
    with torch.no_grad():
        expected = network(z.float())[0]
    found = integer_network.build(network, integer_network.quantise(network))(fixed_point(z[0]))
    difference = found * 2.0**-integer_network.FRACTION_BITS - expected
    assert difference.abs().max() < 0.02 * expected.abs().max() + 0.01


def test_the_order_of_sums_does_not_matter(network: nn.Sequential) -> None:
    tensors = integer_network.quantise(network)
    z = torch.randint(-3000, 3000, (64, 5, 7), dtype=torch.int32)
    expected = integer_network.build(network, tensors)(fixed_point(z))
    order = torch.randperm(64)
    shuffled = dict(tensors)
    shuffled["0.weight"] = tensors["0.weight"][:, order]
    assert torch.equal(integer_network.build(network, shuffled)(fixed_point(z[order])), expected)


def test_a_tile_sees_what_the_whole_sees(network: nn.Sequential) -> None:
    twin = integer_network.build(network, integer_network.quantise(network))
    z = fixed_point(torch.randint(-50, 50, (64, 9, 6), dtype=torch.int32))
    whole = twin(z)
    part = twin(z[:, 2:7])
    assert torch.equal(part[:, 4:-4], whole[:, 12:24])


def test_weights_that_could_be_inexact_are_refused() -> None:
    conv = nn.Conv2d(4, 4, 1)
    tensors = integer_network.quantise(nn.Sequential(conv))
    tensors["0.bias"] = torch.full((4,), 2**53)
    with pytest.raises(ValueError, match="too large"):
        integer_network.build(nn.Sequential(conv), tensors)
