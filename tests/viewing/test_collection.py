"""What of a folder is shown, and nothing else of the disk."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

import provenance
from provenance.errors import InputError, ProvenanceError, TooLargeError
from provenance.labels import CodecFacts, ModelFacts
from provenance.viewing import collection
from provenance.viewing.collection import Collection, Item


def _named(files: Collection, name: str) -> Item:
    [item] = [item for item in files.items.values() if item.name == name]
    return item


def test_a_folder_is_searched_for_pictures_all_the_way_down(folder: Path) -> None:
    names = [item.name for item in Collection([folder]).items.values()]
    assert sorted(names) == [
        "changed.avif",
        "desk/coarse.avif",
        "original.png",
        "small & <b>odd.png",
        "words.jpg",
    ]
    # A file that is named is shown whatever it is called.
    assert len(Collection([folder / "notes.txt", folder / "desk"]).items) == 2
    with pytest.raises(InputError, match="no such file or folder"):
        Collection([folder / "none"])


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    files = Collection([tmp_path])
    assert not files.items and "no pictures" in files.problems[0]


def test_what_is_told_of_each_kind_of_file(folder: Path) -> None:
    files = Collection([folder])
    told = {item.name: files.summary(item.id) for item in files.items.values()}
    coarse = told["desk/coarse.avif"]
    assert coarse.state == "trusted" and coarse.level is not None and coarse.level >= 3
    assert coarse.codec == "msh" and coarse.findings > 0 and "text" in coarse.symbols
    assert (coarse.width, coarse.height) == (512, 512) and coarse.signer
    # Of a file that was tampered with, the label's risk is not passed on.
    changed = told["changed.avif"]
    assert (changed.state, changed.level, changed.symbols) == ("tampered", None, ())
    assert changed.problems and changed.signer is None
    assert told["original.png"].state == "none" and told["words.jpg"].state == "unreadable"


def test_a_label_that_lost_its_signature_or_is_a_strangers(
    coarse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provenance import api, metadata

    rendition = api.decompress(coarse, to="webp").data
    packet = metadata.read_packet(rendition, "image/webp")
    with Image.open(io.BytesIO(rendition)) as image:
        image.save(tmp_path / "stripped.webp", lossless=True, xmp=packet)
    files = Collection([tmp_path / "stripped.webp"])
    [item] = files.items
    told = files.summary(item)
    # Its label is signed on its own and outlives the credential.
    assert told.state == "stripped" and told.level is not None and told.signer
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "other"))
    files = Collection([coarse])
    [item] = files.items
    assert files.summary(item).state == "untrusted" and files.summary(item).signer


def test_pictures_are_decoded_in_full_and_thumbnails_are_small(folder: Path) -> None:
    files = Collection([folder])
    coarse = _named(files, "desk/coarse.avif").id
    with Image.open(io.BytesIO(files.picture(coarse))) as picture:
        assert (picture.format, picture.size) == ("PNG", (512, 512))
    with Image.open(io.BytesIO(files.thumbnail(coarse))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (320, 320))  # the preview
    words = _named(files, "words.jpg").id
    for ask in (files.picture, files.thumbnail):
        with pytest.raises(ProvenanceError, match=r"words\.jpg: not an image"):
            ask(words)


def test_a_compressed_file_without_preview_has_a_thumbnail(astronaut: Path, tmp_path: Path) -> None:
    import provenance

    bare = tmp_path / "bare.avif"
    bare.write_bytes(provenance.compress(astronaut, quality=1, preview=None).data)
    files = Collection([bare])
    with Image.open(io.BytesIO(files.thumbnail(*files.items))) as picture:
        assert picture.size == (480, 480)


def test_a_report_names_the_file_and_can_measure_it(folder: Path) -> None:
    files = Collection([folder])
    coarse, original, small = (
        _named(files, name).id
        for name in ("desk/coarse.avif", "original.png", "small & <b>odd.png")
    )
    assert "desk/coarse.avif" in files.report(coarse, "en")
    german = files.report(coarse, "de", original)
    assert '<html lang="de"' in german and german != files.report(coarse, "de")
    page = files.report(small, "en")
    assert "<b>odd" not in page and "&lt;b&gt;odd" in page
    assert "of another size" in files.report(small, "en", original)


def test_what_changes_on_disk_is_looked_at_again(coarse: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.avif"
    path.write_bytes(coarse.read_bytes())
    files = Collection([path])
    [item] = files.items
    assert files.summary(item).state == "trusted"
    path.write_bytes(b"gone bad")
    assert files.summary(item).state == "unreadable"
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        files.summary(item)
    files.remove(item)
    with pytest.raises(InputError, match="was removed"):
        files.summary(item)


def test_links_are_not_followed(astronaut: Path, folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "inside.png").write_bytes(astronaut.read_bytes())
    (root / "link.png").symlink_to(root / "inside.png")
    (root / "out.png").symlink_to(astronaut)
    (root / "elsewhere").symlink_to(folder)
    os.mkfifo(root / "pipe.png")
    files = Collection([root])
    assert [item.name for item in files.items.values()] == ["inside.png"]
    # Nor are those that become some later.
    inside = _named(files, "inside.png").id
    (root / "inside.png").unlink()
    (root / "inside.png").symlink_to(astronaut)
    with pytest.raises(InputError, match="leads out of its folder"):
        files.picture(inside)
    (root / "inside.png").unlink()
    os.mkfifo(root / "inside.png")
    with pytest.raises(InputError, match="no file any more"):
        files.picture(inside)


def test_what_is_dropped_is_bounded(coarse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Collection()
    data = coarse.read_bytes()
    for name in ("../../etc/photo.avif", "C:\\photos\\photo.avif", "pho\nto.avif", "/"):
        assert files.add(name, data).name in (
            "photo.avif",
            "pho\N{REPLACEMENT CHARACTER}to.avif",
            "file",
        )
    assert len(files.add("x" * 999, b"").name) == 200
    monkeypatch.setattr(collection, "MAX_KEPT_BYTES", 5 * len(data))
    files.add("fifth", data)
    with pytest.raises(TooLargeError, match="remove some first"):
        files.add("sixth", data)
    files.remove(next(iter(files.items)))
    files.add("sixth", data)
    monkeypatch.setattr(collection, "MAX_DROPPED", 6)
    with pytest.raises(TooLargeError, match="6 dropped files"):
        files.add("seventh", b"")
    monkeypatch.setattr(collection, "MAX_DROPPED_BYTES", 10)
    with pytest.raises(TooLargeError, match="10 bytes"):
        files.add("large", bytes(11))


def test_what_was_removed_is_not_kept(coarse: Path) -> None:
    files, data = Collection(), bytes(bytearray(coarse.read_bytes()))
    before = sys.getrefcount(data)
    item = files.add("photo.avif", data)
    assert files.summary(item.id).level and files.thumbnail(item.id) and files.picture(item.id)
    assert files.report(item.id, "en", item.id)
    files.remove(item.id)
    del item
    assert sys.getrefcount(data) == before


def test_folders_and_pixels_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Collection([folder], max_pixels=1000)
    for name in ("original.png", "desk/coarse.avif"):
        with pytest.raises(ProvenanceError, match="1,000"):
            files.picture(_named(files, name).id)
    monkeypatch.setattr(collection, "MAX_FILES", 3)
    with pytest.raises(InputError, match="more than 3 pictures"):
        Collection([folder])


def test_a_credential_beside_a_picture_counts(astronaut: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before.bmp", tmp_path / "after.bmp"
    with Image.open(astronaut) as photo:
        small = photo.convert("RGB").resize((96, 96))
    small.save(before)
    small.quantize(32).convert("RGB").save(after)
    made = provenance.label(
        before,
        after,
        codec=CodecFacts("x", "unknown", False, "default"),
        model=ModelFacts("y", None),
        sidecar=True,
    )
    late = Collection([after])
    (seen,) = late.items.values()
    assert late.summary(seen.id).state == "none"
    (tmp_path / "after.bmp.c2pa").write_bytes(made.data)
    files = Collection([tmp_path])
    (item,) = files.items.values()
    assert (item.name, files.summary(item.id).state) == ("after.bmp", "trusted")
    assert "whom you trust" in files.report(item.id, "en")
    # One that comes while the page is open is noticed.
    assert late.summary(seen.id).state == "trusted"
