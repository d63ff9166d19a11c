"""The transforms of a scale hyperprior of the published size, as a yardstick for speed.

Ballé, Minnen, Singh, Hwang and Johnston 2018, "Variational image compression with a scale
hyperprior", figure 4, with N = 128 and M = 192, in plain torch. The weights are random: time does
not depend on them. There is no entropy coding, which would add to its time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

N, M = 128, 192


class GDN(nn.Module):
    """Generalised divisive normalisation (Ballé et al. 2016), or its approximate inverse."""

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.ones(channels))
        self.gamma = nn.Parameter(0.1 * torch.eye(channels)[:, :, None, None])
        self.inverse = inverse

    def forward(self, x: Tensor) -> Tensor:
        norm = functional.conv2d(x * x, self.gamma, self.beta)
        return x * (torch.sqrt(norm) if self.inverse else torch.rsqrt(norm))


def _down(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 5, stride=2, padding=2)


def _up(channels_in: int, channels_out: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels_in, channels_out, 5, stride=2, padding=2, output_padding=1)


class ScaleHyperprior(nn.Module):
    """Encoder and decoder without their entropy coder."""

    def __init__(self) -> None:
        super().__init__()
        self.analysis = nn.Sequential(
            *(_down(3, N), GDN(N), _down(N, N), GDN(N), _down(N, N), GDN(N), _down(N, M))
        )
        self.synthesis = nn.Sequential(
            *(_up(M, N), GDN(N, inverse=True), _up(N, N), GDN(N, inverse=True)),
            *(_up(N, N), GDN(N, inverse=True), _up(N, 3)),
        )
        self.hyper_analysis = nn.Sequential(
            *(nn.Conv2d(M, N, 3, padding=1), nn.ReLU(), _down(N, N), nn.ReLU(), _down(N, N))
        )
        self.hyper_synthesis = nn.Sequential(
            *(_up(N, N), nn.ReLU(), _up(N, N), nn.ReLU()),
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
