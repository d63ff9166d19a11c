"""The transforms of a scale hyperprior of the published size, as a yardstick for speed.

Ballé, Minnen, Singh, Hwang and Johnston 2018, "Variational image compression with a scale
hyperprior", figure 4, with N = 128 and M = 192, in plain torch. The weights are random: time does
not depend on them. There is no entropy coding, which would add to its time.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..codecs.learned.gdn_transforms import Transforms
from ..codecs.learned.layers import doubling, halving

N, M = 128, 192


class ScaleHyperprior(nn.Module):
    """Encoder and decoder without their entropy coder."""

    def __init__(self) -> None:
        super().__init__()
        transforms = Transforms(N, M)
        self.analysis, self.synthesis = transforms.analysis, transforms.synthesis
        self.hyper_analysis = nn.Sequential(
            *(nn.Conv2d(M, N, 3, padding=1), nn.ReLU(), halving(N, N), nn.ReLU(), halving(N, N))
        )
        self.hyper_synthesis = nn.Sequential(
            *(doubling(N, N), nn.ReLU(), doubling(N, N), nn.ReLU()),
            *(nn.Conv2d(N, M, 3, padding=1), nn.ReLU()),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents and hyper-latents of ``[1, 3, h, w]``, sides multiples of 64.

        An encoder needs the scales as well, so the hyper-synthesis runs here too.
        """
        y = self.analysis(x)
        z = self.hyper_analysis(y.abs()).round()
        self.hyper_synthesis(z)
        return y.round(), z

    def decode(self, y: Tensor, z: Tensor) -> Tensor:
        """Pixels ``[1, 3, h, w]``."""
        self.hyper_synthesis(z)
        pixels: Tensor = self.synthesis(y)
        return pixels
