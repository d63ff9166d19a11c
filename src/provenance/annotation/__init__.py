"""Ground truth by people: what observers found in pairs of original and reconstruction.

``load`` reads a folder that `provenance annotate` filled; see docs/annotating.md.
"""

from .agreement import Agreement, Kappa, agreement, fleiss_kappa, pairwise
from .coco import to_coco
from .matching import iou, match
from .model import Annotation, Finding, PairFacts, PictureFacts
from .store import load

__all__ = [
    "Agreement",
    "Annotation",
    "Finding",
    "Kappa",
    "PairFacts",
    "PictureFacts",
    "agreement",
    "fleiss_kappa",
    "iou",
    "load",
    "match",
    "pairwise",
    "to_coco",
]
