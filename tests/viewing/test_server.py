"""The server lets its own page in and nobody else, and bounds what it takes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.viewer import report
from provenance.viewing import collection
from provenance.viewing.collection import Collection

from ..web.site import Site
from .conftest import running

SEND = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with running(Collection([folder])) as url:
        yield Site(url)


def _id(site: Site, name: str) -> str:
    [found] = [f["id"] for f in site.ask(site.root + "files").json()["files"] if f["name"] == name]
    return str(found)


def test_it_serves_the_page_its_icons_and_words(site: Site) -> None:
    assert b"<title>View" in site.ask(site.root).body
    for path in ("page/main.js", "shared/viewer.js", "shared/base.css", "icons/level-5.svg"):
        assert site.ask(site.root + path).status == 200, path
    assert site.ask(site.root + "icons/tampered.svg").headers["content-type"] == "image/svg+xml"
    assert site.ask(site.root + "words/de").json()["view.add"] == "Dateien hinzufügen"
    refused = site.ask(site.root + "words/..%2fen")
    assert refused.status in (404, 422)


def test_every_answer_forbids_what_it_does_not_need(site: Site) -> None:
    for path in (
        site.root,
        site.root + "files",
        "/",
        site.root + "none",
        site.root + "page/main.js",
    ):
        headers = site.ask(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers and "server" not in headers


def test_a_report_comes_with_its_own_policy_and_in_no_origin(site: Site) -> None:
    told = site.ask(f"{site.root}files/{_id(site, 'desk/coarse.avif')}/report?language=de")
    assert told.status == 200 and b"desk/coarse.avif" in told.body
    policy = told.headers["content-security-policy"]
    assert policy.startswith(report.policy()) and policy.endswith("sandbox allow-scripts")
    assert "frame-ancestors 'self'" in policy and "unsafe" not in policy
    other = f"{site.root}files/{_id(site, 'desk/coarse.avif')}/report?original="
    assert site.ask(other + _id(site, "original.png")).status == 200
    unfit = site.ask(other + _id(site, "small & <b>odd.png"))
    assert unfit.status == 200 and b"of another size" in unfit.body
    assert site.ask(other + "../../etc/passwd").status == 404
    assert site.ask(other.replace("original=", "language=xx")).status == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example:80"},
        {"Host": "127.0.0.1"},
        {"Host": None},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": "https://news.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_pages_are_kept_out(site: Site, headers: dict[str, str | None]) -> None:
    refused = site.ask(site.root + "files", headers=headers)
    assert refused.status in (400, 403) and b"coarse" not in refused.body


def test_nobody_comes_in_without_the_secret(site: Site) -> None:
    for path in ("/", "/files", "/page/main.js", site.root[:-2] + "/files", "/x" + site.root):
        assert site.ask(path).status == 403, path
    assert b"provenance view" in site.ask("/").body


@pytest.mark.parametrize(
    "path",
    [
        "page/../server.py",
        "page/..%2fserver.py",
        "icons/..%2f..%2fviewing%2fserver.py",
        "shared/%2e%2e/server.py",
        "page//etc/passwd",
        "files/..%2f..%2fsecret",
        "files/desk%2fcoarse.avif",
        "files/0000000000000000",
        "files/0000000000000000/report",
        "files/{id}/__class__.png",
        "files/{id}/../../x",
    ],
)
def test_nothing_else_can_be_had(site: Site, path: str) -> None:
    item = _id(site, "original.png")
    assert site.ask(site.root + path.format(id=item)).status == 404


def test_a_file_is_sent_looked_at_and_removed(site: Site, coarse: Path) -> None:
    sent = site.ask(
        site.root + "files?name=..%2F..%2Fetc%2Fsent.avif", "POST", coarse.read_bytes(), SEND
    )
    assert sent.status == 201 and sent.json()["name"] == "sent.avif" and sent.json()["dropped"]
    where = f"{site.root}files/{sent.json()['id']}"
    assert site.ask(where).json()["state"] == "trusted"
    picture = site.ask(where + "/picture.png")
    assert picture.headers["content-type"] == "image/png" and picture.body[:4] == b"\x89PNG"
    assert site.ask(where + "/thumbnail.webp").body[8:12] == b"WEBP"
    assert site.ask(where, "DELETE").status == 204
    assert site.ask(where).status == 404 and site.ask(where, "DELETE").status == 404
    # A file of the folder can be taken off the page, and stays on the disk.
    assert not list(coarse.parent.glob("sent*"))


def test_what_is_sent_is_bounded_and_of_one_type(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(site.ask(site.root + "files").json()["files"])
    monkeypatch.setattr(collection, "MAX_DROPPED_BYTES", 1000)
    where = site.root + "files?name=x"
    assert site.ask(where, "POST", bytes(1001), SEND).status == 413
    for kind in ("text/plain", "multipart/form-data"):
        assert site.ask(where, "POST", b"x", {"Content-Type": kind}).status == 415
    for origin in (None, "http://127.0.0.1:1", "null"):
        assert site.ask(where, "POST", b"x", {**SEND, "Origin": origin}).status == 403
    monkeypatch.setattr(collection, "MAX_DROPPED", 0)
    full = site.ask(where, "POST", b"x", SEND)
    assert full.status == 413 and "dropped files" in full.json()["error"]
    assert len(site.ask(site.root + "files").json()["files"]) == before


def test_a_stream_without_end_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_DROPPED_BYTES", 100_000)
    chunk = b"2710\r\n" + bytes(10_000) + b"\r\n"
    head = (
        f"POST {site.root}files?name=x HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n"
        f"Origin: {site.origin}\r\nContent-Type: application/octet-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as line:
        line.sendall(head.encode())
        try:
            for _ in range(200):
                line.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert line.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\0\0\0\x20ftypavif" + b"\xff" * 500,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a\xff\xff\xff\xff\0\0\0",
        b"<html><script>alert(1)</script>",
    ],
)
def test_hostile_files_are_told_and_harm_nothing(site: Site, data: bytes) -> None:
    sent = site.ask(site.root + "files?name=%3Cb%3Ex%3C%2Fb%3E", "POST", data, SEND).json()
    where = f"{site.root}files/{sent['id']}"
    told = site.ask(where)
    assert told.status == 200 and told.json()["state"] in ("unreadable", "tampered", "none")
    for path in ("/picture.png", "/thumbnail.webp"):
        refused = site.ask(where + path)
        assert refused.status == 422 and refused.json()["error"].count("\n") == 0
    page = site.ask(where + "/report")
    assert page.status == 200 and b"<script>alert" not in page.body
    assert site.ask(where, "DELETE").status == 204


def test_a_picture_of_too_many_pixels_is_refused(site: Site) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10)))
    sent = site.ask(site.root + "files?name=bomb.png", "POST", bomb, SEND).json()
    refused = site.ask(f"{site.root}files/{sent['id']}/picture.png")
    assert refused.status in (413, 422) and "pixels" in refused.json()["error"]
    site.ask(f"{site.root}files/{sent['id']}", "DELETE")


def test_names_that_are_no_text_are_shown_all_the_same(astronaut: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\x1b[31m.png")
    odd.write_bytes(astronaut.read_bytes())
    with running(Collection([tmp_path])) as url:
        site = Site(url)
        [file] = site.ask(site.root + "files").json()["files"]
        assert file["name"] == "\N{REPLACEMENT CHARACTER}" * 2 + "[31m.png"
        where = f"{site.root}files/{file['id']}"
        assert site.ask(where).json()["state"] == "none"
        assert site.ask(where + "/report").status == 200
        odd.unlink()
        gone = site.ask(where)
        assert gone.status == 422 and "[31m.png: cannot be read" in gone.json()["error"]


def test_many_requests_at_once_are_all_answered(site: Site) -> None:
    items = [f["id"] for f in site.ask(site.root + "files").json()["files"]]
    statuses = []

    def ask(path: str) -> None:
        statuses.append(site.ask(site.root + path).status)

    paths = [f"files/{i}{end}" for i in items for end in ("", "/thumbnail.webp", "/picture.png")]
    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(statuses) == len(paths) and set(statuses) <= {200, 422}
