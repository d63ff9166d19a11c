"""Export to COCO, the format that detection benchmarks and annotation tools read.

See https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..taxonomy import Type
from .model import Annotation, Finding, PairFacts

CATEGORIES = {kind: number for number, kind in enumerate(Type, 1)}
"""COCO's category of each type."""


def to_coco(annotations: Iterable[Annotation]) -> dict[str, Any]:
    """The miscompressions of complete annotations as a COCO data set.

    One image per pair, named as the reconstruction; ``observers`` tells who looked, so an image
    without boxes is one where they found nothing. COCO knows one category per box, so a finding of
    two types gives two boxes, with one ``finding`` in their ``attributes``. Symbol, descriptions
    and observer are there, too. Findings described alike on both sides, and those of texture alone,
    are no miscompressions and are left out.
    """
    images: dict[str, dict[str, Any]] = {}
    boxes: list[dict[str, Any]] = []
    findings = 0
    for annotation in annotations:
        if not annotation.complete:
            continue
        pair = annotation.pair
        image = images.setdefault(pair.id, _image(len(images) + 1, pair))
        image["observers"].append(annotation.observer)
        for finding in annotation.miscompressions:
            findings += 1
            attributes = {"finding": findings, "observer": annotation.observer, **_facts(finding)}
            for kind in finding.types:
                boxes.append(
                    {
                        "id": len(boxes) + 1,
                        "image_id": image["id"],
                        "category_id": CATEGORIES[kind],
                        "bbox": list(finding.box),
                        "area": finding.box[2] * finding.box[3],
                        "segmentation": [_outline(finding)],
                        "iscrowd": 0,
                        "attributes": attributes,
                    }
                )
    return {
        "info": {"description": "Miscompressions found by people", "version": "1.0"},
        "licenses": [],
        "images": list(images.values()),
        "annotations": boxes,
        "categories": [
            {"id": number, "name": str(kind), "supercategory": "miscompression"}
            for kind, number in CATEGORIES.items()
        ],
    }


def _image(number: int, pair: PairFacts) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": pair.reconstruction.name,
        "width": pair.width,
        "height": pair.height,
        "pair": pair.name,
        "original_file_name": pair.original.name,
        "original_sha256": pair.original.sha256,
        "reconstruction_sha256": pair.reconstruction.sha256,
        "observers": [],
    }


def _facts(finding: Finding) -> dict[str, Any]:
    return {
        "symbol": str(finding.symbol) if finding.symbol else None,
        "texture": finding.texture,
        "original": finding.original,
        "reconstruction": finding.reconstruction,
        "sure": finding.sure,
    }


def _outline(finding: Finding) -> list[int]:
    x, y, width, height = finding.box
    return [x, y, x + width, y, x + width, y + height, x, y + height]
