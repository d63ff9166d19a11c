"""What this processor multiplies fast, as torch tells by checks that its versions may lack."""

from __future__ import annotations

import platform
from pathlib import Path

import torch


def has_vnni() -> bool:
    """Whether it multiplies int8 in hardware."""
    return _supports("_is_vnni_supported")


def bfloat16_is_fast() -> bool:
    """Whether it multiplies bfloat16 faster than float32.

    AMX does, and so does AVX-512 of AMD. AVX-512 of Intel has the instructions, but takes twice the
    time that as many products take it in float32.
    """
    if _supports("_is_amx_tile_supported"):
        return True
    return _supports("_is_avx512_bf16_supported") and not _is_of_intel()


def _supports(check: str) -> bool:
    return bool(getattr(torch.cpu, check, lambda: False)())


def _is_of_intel() -> bool:
    try:
        return "GenuineIntel" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return "Intel" in platform.processor()
