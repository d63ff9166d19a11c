"""The context model: latents are coded in four steps, each seeing those before it.

The channels fall into four groups and the places into the four corners of 2x2 squares. At each
step every group codes another corner, so that the first step already touches all places, and the
later ones find neighbours in space as well as in the other channels (the quadtree partition of Li,
Li and Lu 2023, "Neural video compression with diverse contexts", section 3.3)::

    group   0      1      2      3          numbers: the step that codes this corner
           1 3    3 2    4 1    2 4
           4 2    1 4    2 3    3 1

All four steps are computed for a whole picture at once: there is no serial loop over places.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import DYADIC_SLOPE

STEPS = 4
"""Steps of coding, and groups of channels: channel ``c`` belongs to group ``c % STEPS``."""

CORNERS = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Row and column within squares of 2x2; group ``g`` codes number ``n`` at step ``n - g``."""


def places(step: int) -> list[tuple[slice, slice, slice]]:
    """Where ``step`` codes, group by group, in arrays ``[channels, height, width]``."""
    found = []
    for group in range(STEPS):
        row, column = CORNERS[(step + group) % STEPS]
        found.append((slice(group, None, STEPS), slice(row, None, 2), slice(column, None, 2)))
    return found


def coded_at(step: int, like: Tensor) -> Tensor:
    """Which latents ``step`` codes, bool, for latents like ``[batch, channels, height, width]``."""
    mask = torch.zeros(like.shape[1:], dtype=torch.bool, device=like.device)
    for place in places(step):
        mask[place].fill_(True)
    return mask


class ContextStep(nn.Module):
    """What the latents known so far say about those of one step.

    Args:
        latents: channels of the latents.
        features: channels that the hyper-synthesis gives.
        width: channels within.
    """

    def __init__(self, latents: int, features: int, width: int) -> None:
        super().__init__()
        neighbours = nn.Conv2d(latents, latents, 3, padding=1, groups=latents)
        correction = nn.Conv2d(width, 2 * latents, 1)
        nn.init.dirac_(neighbours.weight, groups=latents)
        nn.init.zeros_(correction.weight)
        nn.init.zeros_(correction.bias)  # type: ignore[arg-type]
        self.neighbours = nn.Sequential(neighbours)
        self.mixing = nn.Sequential(
            nn.Conv2d(features + latents, width, 1),
            nn.LeakyReLU(DYADIC_SLOPE),
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.Conv2d(width, width, 1),
            nn.LeakyReLU(DYADIC_SLOPE),
        )
        self.correction = nn.Sequential(correction)

    def forward(self, features: Tensor, surprise: Tensor) -> Tensor:
        """Corrections to mean and raw scale, ``[batch, 2 * latents, h, w]``.

        Args:
            features: ``[batch, features, h, w]`` from the hyper-synthesis.
            surprise: ``[batch, latents, h, w]``, known latents less the mean that the
                hyper-synthesis gave them; 0 where unknown.
        """
        seen = torch.cat((features, self.neighbours(surprise)), 1)
        result: Tensor = self.correction(self.mixing(seen))
        return result
