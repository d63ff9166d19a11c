"""Full-reference quality metrics on RGB arrays."""

from .ms_ssim import ms_ssim
from .psnr import psnr_db

__all__ = ["ms_ssim", "psnr_db"]
