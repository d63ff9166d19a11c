"""Packets in real photos: written, read by us and by others, all else left alone."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from provenance.container import pack
from provenance.errors import ContainerError, InputError, LabelError, TooLargeError
from provenance.labels import Finding, Label, QualityFacts, parse_label, to_json
from provenance.metadata import NAMESPACE, embed, packet, read_label, read_packet

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def photo(photos: Path) -> Image.Image:
    with Image.open(photos / "faces" / "portrait-1.jpg") as opened:
        return opened.convert("RGB").resize((512, 384))


@pytest.fixture(scope="module")
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def many(label: Label, count: int) -> Label:
    risk = dataclasses.replace(label.risk, findings=label.risk.findings[:1] * count)
    return dataclasses.replace(label, risk=risk)


def carried(data: bytes, kind: str) -> Label | None:
    found = read_packet(data, TYPES[kind])
    assert found is not None
    return read_label(found)


@pytest.mark.parametrize("kind", TYPES)
def test_the_label_goes_in_and_pixels_profile_and_exif_stay(
    kind: str, photo: Image.Image, profile: bytes, label: Label
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a portrait"
    before = encode(photo, kind, icc_profile=profile, exif=exif.tobytes())
    after = embed(before, TYPES[kind], packet(label))
    assert carried(after, kind) == label
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.tobytes() == old.tobytes()
        assert new.info["icc_profile"] == profile
        assert new.getexif()[0x010E] == "a portrait"


def test_packets_packed_in_a_png_are_unpacked_until_they_are_too_many() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    plain = encode(Image.new("RGB", (8, 8)), "PNG")
    packed = chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(bytes(400_000)))
    data = plain[:33] + packed * 10_000 + plain[33:]
    begun = time.process_time()
    with pytest.raises(TooLargeError, match="limit"):
        read_packet(data, "image/png")
    assert time.process_time() - begun < 0.5


def test_further_segments_of_an_older_packet_go_and_no_others(
    photo: Image.Image, label: Label
) -> None:
    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

    sign = b"http://ns.adobe.com/xmp/extension/\0"
    digest, whole = b"0" * 32, b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>" * 2
    parts = [
        segment(0xE1, sign + digest + struct.pack(">II", len(whole), at) + whole[at : at + 37])
        for at in (0, 37)
    ]
    others = segment(0xE2, sign + b"of somebody else") + segment(0xE1, b"an unknown one")
    plain = encode(photo, "JPEG")
    data = plain[:2] + parts[0] + others + parts[1] + plain[2:]
    after = embed(data, "image/jpeg", packet(label))
    assert others in after and carried(after, "JPEG") == label
    assert after.count(sign) == 1
    assert after == embed(plain[:2] + others + plain[2:], "image/jpeg", packet(label))


@pytest.mark.parametrize("kind", TYPES)
def test_a_second_packet_replaces_the_first(kind: str, photo: Image.Image, label: Label) -> None:
    old = dataclasses.replace(many(label, 20), warnings=("an older warning",))
    first = embed(encode(photo, kind), TYPES[kind], packet(old))
    second = embed(first, TYPES[kind], packet(label))
    assert carried(second, kind) == label
    assert b"an older warning" not in second
    assert second == embed(encode(photo, kind), TYPES[kind], packet(label))


@pytest.mark.parametrize("kind", TYPES)
def test_a_quality_of_which_nothing_is_known_comes_back(
    kind: str, photo: Image.Image, label: Label
) -> None:
    unknown = dataclasses.replace(label, quality=QualityFacts(None, None, None, None))
    assert read_label(packet(unknown)) == unknown
    assert carried(embed(encode(photo, kind), TYPES[kind], packet(unknown)), kind) == unknown


@pytest.mark.parametrize(("kind", "count"), [("JPEG", 100), ("PNG", 300), ("WEBP", 300)])
def test_a_label_of_many_findings_fits(
    kind: str, count: int, photo: Image.Image, label: Label
) -> None:
    long = many(label, count)
    assert carried(embed(encode(photo, kind), TYPES[kind], packet(long)), kind) == long


def test_a_label_too_large_for_a_jpeg_says_what_to_do(photo: Image.Image, label: Label) -> None:
    long = packet(many(label, 300))
    with pytest.raises(LabelError) as caught:
        embed(encode(photo, "JPEG"), "image/jpeg", long)
    assert str(caught.value) == (
        f"XMP: {len(long):,} bytes do not fit into a JPEG; use PNG, WebP or AVIF"
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_label_too_large_to_be_read_again_is_not_written(
    kind: str, photo: Image.Image, label: Label
) -> None:
    with pytest.raises(LabelError, match="limit"):
        embed(encode(photo, kind), TYPES[kind], packet(many(label, 1000)))


@pytest.mark.parametrize("text", [b"", b"<x", b"<x/>", b"\xff", b"<rdf:RDF/>"])
def test_a_packet_that_is_no_xmp_is_not_written(text: bytes, photo: Image.Image) -> None:
    with pytest.raises(LabelError):
        embed(encode(photo, "JPEG"), "image/jpeg", text)


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_of_another_type_than_it_is_said_to_be_is_refused(
    kind: str, photo: Image.Image, label: Label
) -> None:
    data = encode(photo, "TIFF" if kind == "JPEG" else "JPEG")
    with pytest.raises(ContainerError, match="signature"):
        read_packet(data, TYPES[kind])
    with pytest.raises(ContainerError, match="signature"):
        embed(data, TYPES[kind], packet(label))


HOSTILE = [
    'xmlns:mc="https://attacker.example/" mc:score="0"',
    'xmlns:mc="urn:attacker" mc:score="0"',
    'xmlns:mc_1_="https://attacker.example/2/" mc_1_:score="0"',
    f'xmlns:odd="{NAMESPACE}" odd:score="0"',
    'xmlns:stRef="https://attacker.example/3/" xmlns:xmpMM="https://attacker.example/4/"'
    ' xmlns:Iptc4xmpExt="urn:five" stRef:a="0" xmpMM:DerivedFrom="0" Iptc4xmpExt:a="0"',
]


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_that_binds_our_prefixes_to_other_uris_spoils_no_other(
    kind: str, photo: Image.Image, label: Label
) -> None:
    for binding in HOSTILE:
        description = f'<rdf:Description rdf:about="" {binding}/>'
        text = f'<rdf:RDF xmlns:rdf="{RDF}">{description}</rdf:RDF>'.encode()
        hostile = encode(photo, "JPEG", xmp=text)
        assert read_packet(hostile, "image/jpeg") is not None
        assert carried(embed(encode(photo, kind), TYPES[kind], packet(label)), kind) == label
        embed(hostile, "image/jpeg", text)
        assert carried(embed(encode(photo, kind), TYPES[kind], packet(label)), kind) == label
        merged = packet(label, text)
        assert carried(embed(hostile, "image/jpeg", merged), "JPEG") == label


def test_many_threads_at_once_disturb_one_another_not(photo: Image.Image, label: Label) -> None:
    small = encode(photo.resize((32, 32)), "PNG")
    labels = [dataclasses.replace(label, warnings=(f"warning {n}",)) for n in range(64)]

    def there_and_back(one: Label) -> Label | None:
        return carried(embed(small, "image/png", packet(one)), "PNG")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(there_and_back, labels)) == labels


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff\x7f").filter(
        lambda character: character >= " " or character in "\t\n\r"
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(
    sentence=TEXTS,
    warnings=st.lists(TEXTS.filter(bool), max_size=3),
    evidence=st.dictionaries(TEXTS, st.none() | TEXTS | st.floats(allow_nan=False) | st.just([])),
    probability=st.floats(0, 1),
    extra=st.dictionaries(st.text("abc", min_size=1, max_size=3), TEXTS, max_size=2),
    findings=st.integers(0, 2),
)
def test_whatever_a_label_says_comes_back_from_a_file(
    sentence: str,
    warnings: list[str],
    evidence: dict[str, object],
    probability: float,
    extra: dict[str, str],
    findings: int,
) -> None:
    label = parse_label(Path(__file__).with_name("label.json").read_bytes())
    assume(all(math.isfinite(v) for v in evidence.values() if isinstance(v, float)))
    finding = Finding(
        (1, 2, 3, 4), {"shape": 1.0}, None, probability, 0.5, "text", evidence, sentence
    )
    risk = dataclasses.replace(label.risk, findings=(finding,) * findings)
    label = dataclasses.replace(label, risk=risk, warnings=tuple(warnings), extra=extra)
    data = encode(Image.new("RGB", (2, 2)), "PNG")
    found = carried(embed(data, "image/png", packet(label)), "PNG")
    assert found is not None
    # As many digits as JSON has.
    assert to_json(found) == to_json(label)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_kind_of_webp_still_opens(
    mode: str, options: dict[str, object], photo: Image.Image, label: Label
) -> None:
    picture = photo.convert(mode)
    if mode == "RGBA":
        picture.putalpha(picture.getchannel("G"))
    before = encode(picture, "WEBP", **options)
    after = embed(before, "image/webp", packet(label))
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert (new.size, new.mode) == (old.size, old.mode)
        assert new.tobytes() == old.tobytes()
        assert read_label(new.info["xmp"]) == label


@pytest.mark.parametrize("name", ["text/scene-01.jpg", "text/english.png", "faces/two-people.jpg"])
def test_real_photos_take_a_label(photos: Path, name: str, label: Label) -> None:
    data = (photos / name).read_bytes()
    kind = "image/png" if name.endswith("png") else "image/jpeg"
    after = embed(data, kind, packet(label, read_packet(data, kind)))
    assert carried(after, "PNG" if kind == "image/png" else "JPEG") == label


def test_the_compressed_file_takes_a_label(photo: Image.Image, label: Label) -> None:
    preview = encode(photo, "AVIF", quality=40)
    file = pack(b"bits" * 50, width=512, height=384, preview=preview, xmp=packet(label))
    assert read_packet(file, "image/avif") == packet(label)
    other = dataclasses.replace(label, warnings=("other",))
    assert read_packet(embed(file, "image/avif", packet(other)), "image/avif") == packet(other)


def test_types_that_carry_no_label() -> None:
    assert read_packet(b"BM", "image/bmp") is None
    with pytest.raises(InputError, match="image/bmp"):
        embed(b"BM", "image/bmp", b"")


def test_importing_this_package_does_not_load_exiv2() -> None:
    code = "import sys, provenance.metadata; sys.exit('pyexiv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_printed(
    photo: Image.Image, label: Label, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encode(photo, "JPEG", xmp=b"<x:broken")
    read_packet(data, "image/jpeg")
    embed(data, "image/jpeg", packet(label))
    with pytest.raises(ContainerError):
        read_packet(data[:400], "image/jpeg")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [*TYPES, "AVIF"])
@pytest.mark.parametrize("count", [1, 100])
def test_exiftool_reads_the_structures(
    kind: str, count: int, photo: Image.Image, label: Label, tmp_path: Path
) -> None:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    label = many(label, count)
    if kind == "AVIF":
        preview = encode(photo, "AVIF", quality=40)
        data = pack(b"bits", width=512, height=384, preview=preview, xmp=packet(label))
    else:
        data = embed(encode(photo, kind), TYPES[kind], packet(label))
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(data)
    run = subprocess.run(
        [tool, "-struct", "-json", "-G1", "-a", "-XMP:all", "-warning", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    (found,) = json.loads(run.stdout)
    assert "ExifTool:Warning" not in found
    assert found["XMP-mc:Risk"]["Score"] == 0.37
    assert found["XMP-mc:Risk"]["Findings"][0]["Box"] == "966 930 30 75"
    assert len(found["XMP-mc:Risk"]["Findings"]) == count
    assert found["XMP-mc:Warnings"][1] == "The number 14 reads 11."
    assert found["XMP-iptcExt:DigitalSourceType"].endswith("algorithmicallyEnhanced")


def test_packets_by_other_programs_are_read(photo: Image.Image) -> None:
    text = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    assert read_packet(encode(photo, "JPEG", xmp=text), "image/jpeg") == text
    assert read_packet(encode(photo, "WEBP", xmp=text), "image/webp") == text
    assert read_packet(encode(photo, "AVIF", xmp=text), "image/avif") == text
    assert read_packet(encode(photo, "JPEG"), "image/jpeg") is None


def png_with(photo: Image.Image, body: bytes) -> bytes:
    data = encode(photo, "PNG")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


PLACES = {
    "tEXt": b"tEXtXML:com.adobe.xmp\0",
    "zTXt": b"zTXtXML:com.adobe.xmp\0\0",
    "iTXt": b"iTXtXML:com.adobe.xmp\0\0\0en\0\0",
    "iTXt, packed": b"iTXtXML:com.adobe.xmp\0\1\0en\0\0",
}


@pytest.mark.parametrize("place", PLACES)
def test_packets_are_found_wherever_a_png_has_them_and_bombs_are_not_read(
    place: str, photo: Image.Image, label: Label
) -> None:
    def pack_it(text: bytes) -> bytes:
        packed = place in ("zTXt", "iTXt, packed")
        return png_with(photo, PLACES[place] + (zlib.compress(text, 9) if packed else text))

    assert carried(pack_it(packet(label)), "PNG") == label
    many_names = " ".join(f'a:_{n}=""' for n in range(200_000))
    bomb = f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description xmlns:a="urn:a/" {many_names}/></rdf:RDF>'
    start = time.monotonic()
    with pytest.raises(TooLargeError, match="larger than"):
        read_packet(pack_it(bomb.encode()), "image/png")
    with pytest.raises(TooLargeError, match="larger than"):
        embed(pack_it(bomb.encode()), "image/png", packet(label))
    assert time.monotonic() - start < 5


def test_a_packet_that_does_not_unpack_is_refused(photo: Image.Image) -> None:
    with pytest.raises(ContainerError):
        read_packet(png_with(photo, PLACES["iTXt, packed"] + b"no zlib"), "image/png")


def test_a_webp_with_too_large_a_packet_is_refused_at_once(photo: Image.Image) -> None:
    with pytest.raises(TooLargeError, match="larger than"):
        read_packet(encode(photo, "WEBP", xmp=b" " * 300_001), "image/webp")


@pytest.mark.parametrize("kind", [*TYPES, "AVIF"])
def test_changed_and_cut_files_never_raise_anything_else(
    kind: str, photo: Image.Image, label: Label
) -> None:
    choose = random.Random(11)
    media_type = TYPES.get(kind, "image/avif")
    if kind == "AVIF":
        preview = encode(photo.resize((64, 48)), "AVIF")
        sound = pack(b"bits", width=512, height=384, preview=preview, xmp=packet(label))
    else:
        sound = embed(encode(photo.resize((64, 48)), kind), media_type, packet(label))
    for _ in range(300):
        changed = bytearray(sound)
        changed[choose.randrange(min(len(changed), 9000))] ^= 1 << choose.randrange(8)
        if choose.random() < 0.3:
            del changed[choose.randrange(len(changed)) :]
        try:
            found = read_packet(bytes(changed), media_type)
            if found is not None:
                read_label(found)
        except (ContainerError, LabelError) as error:
            assert "\n" not in str(error)
        try:
            embed(bytes(changed), media_type, packet(label))
        except (ContainerError, LabelError) as error:
            assert "\n" not in str(error)
