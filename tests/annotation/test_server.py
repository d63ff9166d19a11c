"""The server lets its own page in and nobody else, and bounds what it takes."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from provenance import sources
from provenance.annotation import load
from provenance.annotation.pairs import find
from provenance.annotation.server import Server
from provenance.annotation.store import Store
from provenance.annotation.study import Study
from provenance.errors import ProvenanceError

from ..web import site as site_
from .conftest import Pictures, running


class Site(site_.Site):
    """A running server, and where it keeps the annotations."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url)
        self.folder = folder


@pytest.fixture(scope="module")
def site(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("annotations")
    with running(find(*pictures), folder) as url:
        yield Site(url, folder)


@pytest.fixture
def pair_id(site: Site) -> str:
    """The one pair, with nothing said of it yet."""
    for path in site.folder.iterdir():
        path.unlink()
    found: str = site.ask(site.root + "study").json()["pairs"][0]["id"]
    return found


FINDING = {
    "box": [270, 345, 60, 50],
    "types": ["shape"],
    "texture": False,
    "symbol": "text",
    "original": "a name tag",
    "reconstruction": "a blue patch",
    "sure": True,
}


def test_it_serves_the_page_and_both_pictures(site: Site, pair_id: str) -> None:
    page = site.ask(site.root)
    assert page.status == 200 and b"<title>Annotate" in page.body
    assert site.ask(site.root + "page/main.js").status == 200
    described = site.ask(f"{site.root}pairs/{pair_id}").json()
    assert (described["width"], described["height"]) == (512, 512)
    assert described["findings"] == [] and described["revision"] is None
    for side in ("original", "reconstruction"):
        picture = site.ask(f"{site.root}pairs/{pair_id}/{side}.png")
        assert picture.headers["content-type"] == "image/png"
        assert picture.body.startswith(b"\x89PNG")


def test_every_answer_forbids_what_it_does_not_need(site: Site) -> None:
    for path in (site.root, site.root + "study", "/", site.root + "none"):
        headers = site.ask(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers and "server" not in headers


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
    refused = site.ask(site.root + "study", headers=headers)
    assert refused.status in (400, 403)
    assert b"anna" not in refused.body


def test_nobody_comes_in_without_the_secret(site: Site) -> None:
    for path in ("/", "/study", "/page/main.js", site.root[:-2] + "/study", "/x" + site.root):
        refused = site.ask(path)
        assert refused.status == 403, path
    assert b"provenance annotate open" in site.ask("/").body


def test_each_start_has_a_secret_of_its_own(site: Site, tmp_path: Path) -> None:
    other = Server(Study([], Store(tmp_path, "bo"), lambda path: sources.load(path)[1]))
    other._socket.close()
    assert urlsplit(other.url).path != site.root and len(site.root) >= 34


@pytest.mark.parametrize(
    "path",
    [
        "page/../model.py",
        "page/..%2fmodel.py",
        "page/%2e%2e/model.py",
        "page//etc/passwd",
        "pairs/..%2f..%2fsecret",
        "pairs/0000000000000000",
        "pairs/{pair_id}/model.png",
        "pairs/{pair_id}/__class__.png",
    ],
)
def test_nothing_else_can_be_had(site: Site, pair_id: str, path: str) -> None:
    assert site.ask(site.root + path.format(pair_id=pair_id)).status == 404


def test_what_is_saved_is_on_disk(site: Site, pair_id: str) -> None:
    where = f"{site.root}pairs/{pair_id}"
    submission = {"complete": True, "findings": [FINDING], "revision": None}
    saved = site.ask(where, "PUT", submission).json()
    assert (saved["state"], saved["findings"]) == ("done", 1)
    [annotation] = load(site.folder)
    assert annotation.observer == "anna" and annotation.complete
    assert annotation.findings[0].box == (270, 345, 60, 50)
    assert site.ask(where).json()["findings"] == [FINDING]
    # The same once more is a change of what is no longer there.
    again = site.ask(where, "PUT", submission)
    assert again.status == 409 and "another window" in again.json()["error"]
    again = site.ask(where, "PUT", submission | {"findings": [], "revision": saved["revision"]})
    assert again.status == 200 and load(site.folder)[0].findings == ()


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 422, "not JSON"),
        (b"[" * 200_000, 422, "not JSON"),
        (b" " * 1_000_001, 413, ""),
        ({"complete": True, "findings": []}, 422, "revision"),
        ({"complete": True, "findings": [FINDING | {"box": [500, 0, 20, 20]}]}, 422, "leaves the"),
        ({"complete": True, "findings": [FINDING | {"types": []}]}, 422, "not what changed"),
        ({"complete": True, "findings": [FINDING | {"original": "\ud83d"}]}, 422, "no Unicode"),
    ],
)
def test_what_is_sent_is_checked(
    site: Site, pair_id: str, body: Any, status: int, told: str
) -> None:
    if isinstance(body, dict) and told != "revision":
        body = body | {"revision": None}
    refused = site.ask(f"{site.root}pairs/{pair_id}", "PUT", body)
    assert refused.status == status and told in refused.body.decode()
    assert not list(site.folder.iterdir())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_forms_of_other_pages_save_nothing(
    site: Site, pair_id: str, headers: dict[str, str | None], status: int
) -> None:
    body = {"complete": True, "findings": [], "revision": None}
    assert site.ask(f"{site.root}pairs/{pair_id}", "PUT", body, headers=headers).status == status
    assert not list(site.folder.iterdir())


def test_broken_annotations_are_told_and_kept(site: Site, pair_id: str) -> None:
    path = site.folder / f"{pair_id}.anna.json"
    path.write_text("{}")
    assert site.ask(site.root + "study").json()["pairs"][0]["state"] == "broken"
    told = site.ask(f"{site.root}pairs/{pair_id}")
    assert told.status == 422 and path.name in told.json()["error"]
    body = {"complete": True, "findings": [], "revision": None}
    assert site.ask(f"{site.root}pairs/{pair_id}", "PUT", body).status == 409
    assert path.read_text() == "{}"


def test_names_that_are_no_text_are_shown(pictures: Pictures, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, picture in zip((before, after), pictures, strict=True):
        folder.mkdir()
        shutil.copy(picture, folder / os.fsdecode(b"caf\xe9.png"))
        (folder / os.fsdecode(b"cut\xe9.png")).write_text(folder.name)
    with running(find(before, after), tmp_path / "annotations") as url:
        site = site_.Site(url)
        pairs = site.ask(site.root + "study").json()["pairs"]
        assert [pair["name"] for pair in pairs] == ["caf\ufffd", "cut\ufffd"]
        where = f"{site.root}pairs/{pairs[0]['id']}"
        submission = {"complete": True, "findings": [], "revision": None}
        assert site.ask(where, "PUT", submission).status == 200
        broken = site.ask(f"{site.root}pairs/{pairs[1]['id']}")
        assert broken.status == 500 and "cut\ufffd.png" in broken.json()["error"]
    assert load(tmp_path / "annotations")[0].pair.original.name == "caf\ufffd.png"


def test_only_this_machine_can_reach_it(site: Site) -> None:
    addresses = {entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((str(address), site.port), timeout=2)
    with pytest.raises(ProvenanceError, match="port"):
        Server(Study([], Store(site.folder, "bo"), lambda path: sources.load(path)[1]), site.port)
