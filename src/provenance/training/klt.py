"""Closed-form start: before any training the network is a 16x16 block Karhunen-Loève transform.

Each pointwise convolution of the analysis takes the principal components of what reaches it; the
synthesis takes their transposes; the residual blocks start near zero. Hours of training saved.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from provenance.codecs.learned.hyperprior import SCALE_OFFSET, MeanScaleHyperprior


@torch.no_grad()
def initialise(network: MeanScaleHyperprior, crops: Tensor, latent_scale: float = 4.0) -> None:
    """Set the transforms from the statistics of ``crops`` (``[n, 3, h, w]``, 0..1)."""
    analysis = [layer for layer in network.analysis if isinstance(layer, nn.Conv2d)]
    synthesis = [layer for layer in network.synthesis if isinstance(layer, nn.Conv2d)]
    ups = [layer[0] for layer in network.synthesis if isinstance(layer, nn.Sequential)]

    features = crops - 0.5
    components = []
    for conv, stride in zip(analysis[:3], (4, 2, 2), strict=True):
        features = functional.pixel_unshuffle(features, stride)
        basis = _principal_components(features, conv.out_channels)
        components.append(basis)
        _set_centre(conv, basis.T)
        features = functional.conv2d(features, basis.T[:, :, None, None])

    last = analysis[3]
    select = torch.eye(max(last.out_channels, last.in_channels))
    select = select[: last.out_channels, : last.in_channels]
    _set_centre(last, select * latent_scale)
    _set_centre(synthesis[0], select.T / latent_scale)
    for up, basis in zip(ups, components[:0:-1], strict=True):
        assert isinstance(up, nn.Conv2d)
        _set_centre(up, basis)
    _set_centre(synthesis[1], components[0])

    latents = functional.conv2d(features, (select * latent_scale)[:, :, None, None])
    parameters = network.prediction[0]
    assert isinstance(parameters, nn.Conv2d) and parameters.bias is not None
    deviation = latents.std((0, 2, 3)).double().clamp(0.12, 200)
    parameters.weight.mul_(0.1)
    parameters.bias[: network.latents] = latents.mean((0, 2, 3))
    parameters.bias[network.latents :] = torch.log(torch.expm1(deviation)).float() - SCALE_OFFSET


def _principal_components(features: Tensor, count: int) -> Tensor:
    """The ``count`` strongest eigenvectors as columns, ``[channels, count]``."""
    rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1]).double()
    _, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    strongest: Tensor = vectors.flip(1)[:, :count].float()
    return strongest


def _set_centre(conv: nn.Conv2d, matrix: Tensor) -> None:
    """Make ``conv`` apply ``matrix`` at the centre tap alone."""
    middle = conv.kernel_size[0] // 2
    conv.weight.zero_()
    conv.weight[:, :, middle, middle] = matrix
    if conv.bias is not None:
        conv.bias.zero_()
