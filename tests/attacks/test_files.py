"""What somebody may do to a signed file, and the verdict that `verify` gives on it."""

from __future__ import annotations

import io
import random
import re
import resource
import shutil
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import c2pa  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, PngImagePlugin

from provenance import api, binding, container, formats, imaging, metadata, sources
from provenance.assembly import Labelled
from provenance.container import items
from provenance.credentials import default_identity, sign_label
from provenance.credentials.certificates import to_pem
from provenance.credentials.identity import private_pem
from provenance.credentials.settings import library_settings
from provenance.errors import InvalidError
from provenance.labels import CodecFacts, ModelFacts
from provenance.verification import AllOf, HighestScore, TrustedSigner

from ..elsewhere import CAPTURE

FLIPS = [30, pytest.param(600, marks=pytest.mark.slow)]
KINDS = ("container", *formats.RENDITIONS)
TAMPERED, NO_LABEL, UNTRUSTED = 4, 3, 5


@pytest.fixture(scope="module")
def compressed(astronaut: Path) -> Labelled:
    return api.compress(astronaut, quality=1)


@pytest.fixture(scope="module")
def files(compressed: Labelled) -> dict[str, Labelled]:
    """The same picture in every format that carries label and credential."""
    made = {kind: api.decompress(compressed.data, to=kind) for kind in formats.RENDITIONS}
    return {"container": compressed, **made}


@pytest.fixture(scope="module")
def detached(
    astronaut: Path, files: dict[str, Labelled], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A picture in a format that carries none, with its credential beside it."""
    path = tmp_path_factory.mktemp("detached") / "shown.bmp"
    with Image.open(io.BytesIO(files["png"].data)) as opened:
        opened.convert("RGB").save(path)
    codec, model = CodecFacts("x", "unknown", False, "default"), ModelFacts("y", None)
    made = api.label(astronaut, path, codec=codec, model=model, sidecar=True)
    path.with_name("shown.bmp.c2pa").write_bytes(made.data)
    return path


@pytest.fixture(scope="module")
def other(data: Path) -> Labelled:
    """Another picture of the same size and format, signed by the same hand."""
    photo = imaging.load((data / "faces" / "portrait-1.jpg").read_bytes(), "portrait")
    square = imaging.Photo(np.ascontiguousarray(photo.pixels[:512, :512]), None, False)
    return api.compress(imaging.render(square, "png"), quality=60)


@pytest.mark.parametrize("flips", FLIPS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found_or_changes_neither_picture_nor_label(
    kind: str, flips: int, files: dict[str, Labelled]
) -> None:
    sound = files[kind].data
    pixels, told = _pixels(sound), _told(sound)
    choose = random.Random(7)
    unnoticed = 0
    for _ in range(flips):
        changed = bytearray(sound)
        changed[choose.randrange(len(sound))] ^= 1 << choose.randrange(8)
        report = api.verify(bytes(changed))
        if report.exit_code in (TAMPERED, NO_LABEL):
            assert not report.trusted
            continue
        # Padding of the signature, and what the standard leaves out of the hash.
        assert report.exit_code == 0
        assert _told(bytes(changed)) == told
        assert np.array_equal(_pixels(bytes(changed)), pixels)
        unnoticed += 1
    assert unnoticed < flips / 2


@pytest.mark.parametrize("flips", FLIPS)
@pytest.mark.parametrize("where", ["picture", "credential"])
def test_a_flipped_bit_is_found_where_the_credential_lies_beside_the_picture(
    where: str, flips: int, detached: Path, tmp_path: Path
) -> None:
    picture, credential = tmp_path / detached.name, tmp_path / f"{detached.name}.c2pa"
    for path in (picture, credential):
        shutil.copy(detached.with_name(path.name), path)
    flipped = picture if where == "picture" else credential
    sound = flipped.read_bytes()
    before = api.verify(picture)
    assert before.exit_code == 0
    choose = random.Random(7)
    unnoticed = 0
    for _ in range(flips):
        changed = bytearray(sound)
        changed[choose.randrange(len(sound))] ^= 1 << choose.randrange(8)
        flipped.write_bytes(changed)
        report = api.verify(picture)
        if report.exit_code in (TAMPERED, NO_LABEL):
            assert not report.trusted
            continue
        # Padding of the signature; the picture is as it was.
        assert report.exit_code == 0
        assert (report.label, report.signer) == (before.label, before.signer)
        assert report.ingredients == before.ingredients
        unnoticed += 1
    assert unnoticed < (flips / 2 if where == "credential" else 1)


def test_the_label_of_another_file(files: dict[str, Labelled], other: Labelled) -> None:
    harmless = metadata.read_packet(api.decompress(other.data, to="jpeg").data, "image/jpeg")
    assert harmless is not None
    swapped = metadata.embed(files["jpeg"].data, "image/jpeg", harmless)
    report = api.verify(swapped)
    assert (report.exit_code, report.intact) == (TAMPERED, False)


def test_an_edited_score(files: dict[str, Labelled]) -> None:
    sound = files["webp"].data
    (score,) = re.findall(rb"mc:risk.{0,60}?mc:score\W+0\.\d", sound, re.DOTALL)[:1]
    at = sound.index(score) + len(score) - 1
    assert sound[at : at + 1] != b"0"
    report = api.verify(sound[:at] + b"0" + sound[at + 1 :])
    assert (report.exit_code, report.intact, report.trusted) == (TAMPERED, False, False)


def test_a_manifest_on_another_picture(files: dict[str, Labelled], other: Labelled) -> None:
    stranger = api.decompress(other.data, to="png").data
    mine, theirs = _chunks(stranger), _chunks(files["png"].data)
    manifest = next(body for kind, body in theirs if kind == b"caBX")
    copied = _png([(kind, manifest if kind == b"caBX" else body) for kind, body in mine])
    assert api.verify(stranger).exit_code == 0
    report = api.verify(copied)
    assert (report.exit_code, report.intact, report.trusted) == (TAMPERED, False, False)


def test_a_label_in_a_file_that_a_trusted_signer_signed_as_it_was(
    files: dict[str, Labelled], other: Labelled
) -> None:
    """Any C2PA tool signs what it is given; it vouches for no label that it did not write."""
    unsigned = imaging.render(imaging.load(files["png"].data, "photo"), "png")
    fitting = metadata.read_packet(files["png"].data, "image/png")
    # Not even where the label has a signature of its own that holds.
    for packet in (metadata.packet(other.label), fitting):
        assert packet is not None
        report = api.verify(
            _signed_as_it_is(metadata.embed(unsigned, "image/png", packet)),
            policy=AllOf(TrustedSigner(), HighestScore(1.0)),
        )
        assert report.trusted and report.label is not None
        assert not report.label_consistent and report.policy_met is False
        assert report.exit_code == NO_LABEL
    assert report.label_signature is not None and report.label_signature.picture_matches


def _signed_as_it_is(png: bytes) -> bytes:
    """By this machine's identity, with no word about a label."""
    actions = [{"action": "c2pa.created", "digitalSourceType": CAPTURE}]
    stated = {"label": "c2pa.actions.v2", "created": True, "data": {"actions": actions}}
    identity, signed = default_identity(), io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", to_pem(identity.chain), private_pem(identity), None)
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Context.from_json(library_settings([]), signer=signer) as context,
        c2pa.Builder({"assertions": [stated]}, context=context) as builder,
    ):
        builder.sign("image/png", io.BytesIO(png), signed)
    return signed.getvalue()


def test_a_false_label_is_not_signed_anew(
    compressed: Labelled, other: Labelled, tmp_path: Path
) -> None:
    parts, theirs = container.unpack(compressed.data), container.unpack(other.data)
    packet = parts.xmp or b""
    (score,) = re.findall(rb"mc:risk.{0,60}?mc:score\W+0\.\d", packet, re.DOTALL)[:1]
    for false in (theirs.xmp, packet.replace(score, score[:-1] + b"0")):
        assert false != packet
        swapped = container.pack(
            parts.bitstream, width=parts.width, height=parts.height, preview=None, xmp=false
        )
        assert api.verify(swapped).exit_code == TAMPERED
        with pytest.raises(InvalidError, match=r"photo.avif: its label is not to be believed: "):
            (tmp_path / "photo.avif").write_bytes(swapped)
            api.decompress(tmp_path / "photo.avif")


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"x":' + '{"a":' * 400 + "1" + "}" * 400 + "}", "nested more than 32 deep"),
        ('{"x":"\\ud800"}', "no Unicode"),
        ('{"x":1e999}', "a number is too large"),
    ],
)
def test_json_within_xmp_that_nobody_could_write(
    text: str, why: str, signed: bool, files: dict[str, Labelled]
) -> None:
    photo = imaging.load(files["png"].data, "photo")
    plain = imaging.render(photo, "png")
    label = replace(files["png"].label, extra={"x": "here"})
    jws = sign_label(label, binding.of_pixels(photo), default_identity()) if signed else None
    packet = metadata.packet(label, signature=jws).decode()
    told = '{"x":"here"}'.replace('"', "&quot;")
    assert told in packet
    hostile = packet.replace(told, text.replace('"', "&quot;")).encode()
    report = api.verify(metadata.embed(plain, "image/png", hostile))
    assert (report.exit_code, report.label) == (TAMPERED, None)
    assert any(why in step.detail for step in report.steps), report.steps


def test_a_preview_is_not_taken_for_the_picture(astronaut: Path) -> None:
    """Where the container is broken, the picture is not there to be measured."""
    photo = imaging.load(astronaut.read_bytes(), "photo")
    small = imaging.Photo(np.ascontiguousarray(photo.pixels[:128, 160:288]), None, False)
    original = imaging.render(small, "png")
    made = api.compress(original, quality=1, preview=320).data
    content = items.read(made)
    neural = next(item for item in content.items.values() if item.kind == b"nimg")
    second = items.Item(b"nimg", bytes(64), "Neural image", properties=neural.properties)
    both = {**content.items, max(content.items) + 1: second}
    brands = (b"avif", b"mif1", b"miaf", b"nimg")
    broken = items.write(items.Items(content.primary, both, content.references), brands)
    report = api.verify(broken, original=original)
    assert (report.exit_code, report.label_true, report.measured) == (TAMPERED, None, None)


def test_our_prefix_for_somebody_elses_words(files: dict[str, Labelled]) -> None:
    packet = metadata.read_packet(files["jpeg"].data, "image/jpeg")
    assert packet is not None
    ours = metadata.NAMESPACE.encode()
    plain = imaging.render(imaging.load(files["jpeg"].data, "photo"), "jpeg")
    faked = packet.replace(ours, ours.replace(b"https", b"httqs"))
    report = api.verify(metadata.embed(plain, "image/jpeg", faked))
    assert (report.exit_code, report.label) == (NO_LABEL, None)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_entities_in_xmp(text: str, files: dict[str, Labelled]) -> None:
    body = dict(_chunks(files["png"].data))[b"iTXt"]
    at = body.index(b"<x:xmpmeta")
    hostile = [
        (kind, body[:at] + text.encode() + body[at:] if kind == b"iTXt" else part)
        for kind, part in _chunks(files["png"].data)
        if kind != b"caBX"
    ]
    report = api.verify(_png(hostile))
    assert (report.exit_code, report.label) == (TAMPERED, None)
    (step,) = [step for step in report.steps if step.outcome == "failed" and "XMP" in step.detail]
    assert "DOCTYPE" in step.detail or "document type" in step.detail


def test_paths_in_xmp(astronaut: Path, tmp_path: Path) -> None:
    """They are kept as words, and nothing opens what they lead to."""
    secret = tmp_path / "secret"
    secret.write_text("the key to the archive")
    inside = "".join(
        f"""<?xml-stylesheet href="{path}"?>
        <xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{path}"/>
        <rdf:Description xmlns:a="urn:{number}/">
        <a:link rdf:resource="{path}"/><a:name>{path}</a:name></rdf:Description>"""
        for number, path in enumerate((secret, f"file://{secret}", f"../../../../../..{secret}"))
    )
    packet = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{inside}</rdf:RDF>'
    with Image.open(astronaut) as opened:
        small = opened.convert("RGB").crop((200, 100, 264, 164))
    described = PngImagePlugin.PngInfo()
    described.add_itxt("XML:com.adobe.xmp", packet)
    photo = tmp_path / "photo.png"
    small.save(photo, pnginfo=described)
    made = api.compress(photo, quality=90, to="png").data
    assert api.verify(made).exit_code == 0
    assert api.verify(photo).exit_code == NO_LABEL
    assert b"file://" + bytes(secret) in made
    assert b"the key to the archive" not in made
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "secret"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [b"<html><script>alert(1)</script></html>", b"PK\5\6" + bytes(18)])
def test_a_polyglot(kind: str, tail: bytes, files: dict[str, Labelled]) -> None:
    report = api.verify(files[kind].data + tail)
    assert report.exit_code == TAMPERED
    assert not report.trusted


def test_ten_thousand_ingredients(astronaut: Path) -> None:
    ingredient = _superbox("c2pa.ingredient.v3", _box(b"cbor", b"\xa0"))
    assertions = _superbox("c2pa.assertions", ingredient * 10_000)
    hostile = _carrying(astronaut.read_bytes(), _superbox("c2pa", _superbox("urn:x", assertions)))
    assert _seconds(lambda: api.verify(hostile)) < 5
    report = api.verify(hostile)
    assert (report.exit_code, report.trusted) == (TAMPERED, False)
    # Nor does it keep anybody from working on with the picture; the credential is called broken.
    made: list[Labelled] = []
    _seconds(lambda: made.append(api.compress(hostile, quality=60)))
    report = api.verify(made[0].data)
    assert report.exit_code == TAMPERED
    assert any("could not be read" in step.detail for step in report.steps) or not report.intact


@pytest.mark.parametrize("content", ["zeros", "boxes"])
def test_a_manifest_of_a_hundred_megabytes(content: str, astronaut: Path) -> None:
    size = 100_000_000
    body = bytes(size) if content == "zeros" else _superbox("c2pa", _box(b"free", bytes(size)))
    hostile = _carrying(astronaut.read_bytes(), body)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert _seconds(lambda: api.verify(hostile)) < 20
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 8 * size
    report = api.verify(hostile)
    assert (report.exit_code, report.trusted) == (TAMPERED, False)


def _pixels(data: bytes) -> npt.NDArray[np.uint8]:
    return sources.load(data)[1].pixels


def _told(data: bytes) -> object:
    report = api.verify(data)
    return report.label, report.signer, report.ingredients


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def _png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        parts += [struct.pack(">I", len(body)), kind, body]
        parts += [struct.pack(">I", zlib.crc32(kind + body))]
    return b"".join(parts)


def _carrying(png: bytes, store: bytes) -> bytes:
    header, *rest = _chunks(png)
    return _png([header, (b"caBX", store), *rest])


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _superbox(label: str, body: bytes) -> bytes:
    """ISO/IEC 19566-5, with C2PA's content types as far as they matter here."""
    kinds = {"c2pa": b"c2pa", "urn:x": b"c2ma", "c2pa.assertions": b"c2as"}
    kind = kinds.get(label, b"cbor") + bytes.fromhex("00110010800000aa00389b71")
    described = kind + b"\x03" + label.encode() + b"\0"
    return _box(b"jumb", _box(b"jumd", described) + body)
