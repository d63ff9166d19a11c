"""The export follows COCO's conventions."""

from __future__ import annotations

import json

from provenance.annotation import to_coco
from provenance.taxonomy import Symbol, Type

from .conftest import annotation, finding


def test_it_is_a_coco_data_set() -> None:
    both = finding((10, 20, 30, 40), Type.GEOMETRY, Type.SHAPE, symbol=Symbol.NUMERAL)
    coco = to_coco(
        [
            annotation("anna", both, finding(texture=True), pair="1"),
            annotation("bo", finding((11, 20, 30, 40)), pair="1"),
            annotation("anna", pair="2"),
            annotation("bo", finding(), pair="3", complete=False),
        ]
    )
    assert json.loads(json.dumps(coco)) == coco
    names = {c["id"]: c["name"] for c in coco["categories"]}
    assert names == {1: "amplitude", 2: "geometry", 3: "shape"}

    # A picture without boxes was looked at as well; a draft was not looked at to the end.
    assert [(i["id"], i["file_name"], i["observers"]) for i in coco["images"]] == [
        (1, "1-b.png", ["anna", "bo"]),
        (2, "2-b.png", ["anna"]),
    ]
    assert all((i["width"], i["height"]) == (512, 512) for i in coco["images"])

    boxes = coco["annotations"]
    assert [a["id"] for a in boxes] == [1, 2, 3]
    assert [names[a["category_id"]] for a in boxes] == ["geometry", "shape", "shape"]
    assert {a["image_id"] for a in boxes} == {1}
    assert boxes[0]["bbox"] == [10, 20, 30, 40] and boxes[0]["area"] == 1200
    assert boxes[0]["segmentation"] == [[10, 20, 40, 20, 40, 60, 10, 60]]
    assert all(a["iscrowd"] == 0 for a in boxes)
    assert [a["attributes"]["finding"] for a in boxes] == [1, 1, 2]
    assert boxes[0]["attributes"] == {
        "finding": 1,
        "observer": "anna",
        "symbol": "numeral",
        "texture": False,
        "original": "the number 14",
        "reconstruction": "the number 11",
        "sure": True,
    }
