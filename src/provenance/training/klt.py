"""Closed-form start: before any training the network is a 16x16 block Karhunen-Loève transform.

Each pointwise convolution of the analysis takes the principal components of what reaches it; the
synthesis takes their transposes; the residual blocks start near zero. Hours of training saved.
Strided convolutions take those of blocks of 2x2, at the taps that reach them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from provenance.codecs.learned.hyperprior import SCALE_OFFSET, MeanScaleHyperprior

from .scheme_networks import Factorized

_LATENT_SCALE = 4.0
"""Factor from components to latents, for pictures of 0 to 1."""

_FAINT = 0.02
"""Factor to the random start of what the transform leaves free."""


@torch.no_grad()
def initialise(network: MeanScaleHyperprior, crops: Tensor) -> None:
    """Set the transforms from the statistics of ``crops`` (``[n, 3, h, w]``, 0..1)."""
    analysis = [layer for layer in network.analysis if isinstance(layer, nn.Conv2d)]
    synthesis = [layer for layer in network.synthesis if isinstance(layer, nn.Conv2d)]
    ups = [layer[0] for layer in network.synthesis if isinstance(layer, nn.Sequential)]

    features = crops - 0.5
    components = []
    for conv, stride in zip(analysis[:3], (4, 2, 2), strict=True):
        features = functional.pixel_unshuffle(features, stride)
        basis = principal_components(features, conv.out_channels)
        components.append(basis)
        _set_centre(conv, basis.T)
        features = functional.conv2d(features, basis.T[:, :, None, None])

    last = analysis[3]
    select = torch.eye(max(last.out_channels, last.in_channels))
    select = select[: last.out_channels, : last.in_channels]
    _set_centre(last, select * _LATENT_SCALE)
    _set_centre(synthesis[0], select.T / _LATENT_SCALE)
    for up, basis in zip(ups, components[:0:-1], strict=True):
        assert isinstance(up, nn.Conv2d)
        _set_centre(up, basis)
    _set_centre(synthesis[1], components[0])

    latents = functional.conv2d(features, (select * _LATENT_SCALE)[:, :, None, None])
    parameters = network.prediction[0]
    assert isinstance(parameters, nn.Conv2d) and parameters.bias is not None
    deviation = latents.std((0, 2, 3)).double().clamp(0.12, 200)
    parameters.weight.mul_(0.1)
    parameters.bias[: network.latents] = latents.mean((0, 2, 3))
    parameters.bias[network.latents :] = torch.log(torch.expm1(deviation)).float() - SCALE_OFFSET


@torch.no_grad()
def initialise_strided(network: Factorized, crops: Tensor) -> Tensor:
    """Set the transforms of a scheme from the statistics of ``crops`` (``[n, 3, h, w]``, 0..1).

    Returns:
        The latents of ``crops``, ``[n, latents, h / 16, w / 16]``.
    """
    analysis = [layer for layer in network.g_a if isinstance(layer, nn.Conv2d)]
    synthesis = [layer for layer in network.g_s if isinstance(layer, nn.ConvTranspose2d)]
    features = crops - 0.5
    for index, (down, up) in enumerate(zip(analysis, reversed(synthesis), strict=True)):
        blocks = functional.pixel_unshuffle(features, 2)
        basis = principal_components(blocks, down.out_channels)
        scale = _LATENT_SCALE if down is analysis[-1] else 1.0
        known, found = features.shape[1], basis.shape[1]
        # Channels beyond the components keep a random start, so that they can learn apart.
        for conv, inputs, outputs in ((down, known, found), (up, found, known)):
            conv.weight.mul_(_FAINT)
            assert conv.bias is not None
            conv.bias.zero_()
            if isinstance(conv, nn.Conv2d):
                conv.weight[outputs:, :inputs] /= _FAINT
        # [component, channel, row, column] of the taps that see the block.
        taps = basis.T.view(found, known, 2, 2)
        down.weight[:found, :known, 2:4, 2:4] = taps * scale
        up.weight[:found, :known, 2:4, 2:4] = taps / scale
        features = functional.conv2d(blocks, basis.T[:, :, None, None] * scale)
        if index == 0:
            assert down.bias is not None and up.bias is not None
            down.bias.copy_(-0.5 * down.weight.sum((1, 2, 3)))
            up.bias.fill_(0.5)
    return features


def principal_components(features: Tensor, count: int) -> Tensor:
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
