"""Exact integer matrix products in int8, for processors that multiply it fast.

Weights and activations are written in base 256 with digits from -128 to 127. Products of digits are
summed in int32, where they cannot overflow, and the sums of each place go to the next with a
carry::

    W = 256 W1 + W0
    X = 256 X1 + X0     W X = 256**2 (W1 X1) + 256 (W1 X0 + W0 X1) + W0 X0
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from .processor import has_vnni

_HALF = 128


class DigitProduct:
    """``(weight @ x + bias) >> shift``.

    Args:
        weight: ``[out, in]``, integers of at most 15 bits, which have two digits.
        bias: ``[out]``, int64.
        shift: ``[out]``, at least 8.
    """

    def __init__(self, weight: Tensor, bias: Tensor, shift: Tensor) -> None:
        low, high = digits(weight.to(torch.int32), 2)
        self._low, self._high, self._both = low, high, torch.cat((high, low), 1)
        self._bias_low = (bias & 255).to(torch.int32)[:, None]
        self._bias_high = (bias >> 8).to(torch.int32)[:, None]
        self._shift = (shift - 8).to(torch.int32)[:, None]
        reach = weight.long().abs().sum(1).clamp_min(1)
        self.largest = int(((2**39 - 2**10 - bias.abs()) // reach).min())
        """The largest activation for which a 256th of the sum still fits into int32."""

    def __call__(self, x: Tensor) -> Tensor:
        """int32 ``[out, n]`` for int32 ``[in, n]`` of at most `largest`."""
        places = digits(x, _count(largest(x)))
        result = torch._int_mm(self._high, places[-1])
        for pair in range(len(places) - 2, -1, -1):
            sums = torch._int_mm(self._both, places[pair : pair + 2].flatten(0, 1))
            result = sums.add_(result, alpha=256)
        lowest = torch._int_mm(self._low, places[0])
        carry = lowest.add_(self._bias_low).bitwise_right_shift_(8)
        return result.add_(carry).add_(self._bias_high).bitwise_right_shift_(self._shift)


def digits(values: Tensor, count: int) -> Tensor:
    """int8 ``[count, *shape]``, the lowest place first, of int32 ``values``."""
    found = torch.empty((count, *values.shape), dtype=torch.int8)
    found[0] = values  # keeps the low 8 bits
    for place in found[1:]:
        values = (values + _HALF).bitwise_right_shift_(8)
        place.copy_(values)
    return found


def largest(values: Tensor) -> int:
    """The largest magnitude among int32 ``values``."""
    low, high = torch.aminmax(values)
    return max(-int(low), int(high))


def _count(largest: int) -> int:
    """How many digits integers up to ``largest`` have."""
    count, reach = 1, 127
    while largest > reach:
        count, reach = count + 1, reach * 256 + 127
    return count


@functools.cache
def fast() -> bool:
    """Whether this processor multiplies int8 in hardware; elsewhere it would be slow.

    Some processors saturate sums of int8 on the way. None of those is taken for one that does not:
    the largest products are tried.
    """
    if not has_vnni():
        return False
    a = torch.tensor([[-128], [127]], dtype=torch.int8).repeat(8, 512)
    b = a.T.contiguous()
    return torch.equal(torch._int_mm(a, b).long(), a.long() @ b.long())
