"""The badge in a real browser, on a publisher's page with a strict content security policy."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from provenance import api
from provenance.assembly import Labelled
from provenance.credentials import Identity, default_identity, default_trust, sign
from provenance.credentials.certificates import USAGES, to_pem
from provenance.labels import Label

from ..annotation import browser
from ..credentials.conftest import Authority
from ..elsewhere import Keeper, kept_elsewhere
from ..manifests import created, label_assertion, updated

BADGE = resources.files("provenance") / "viewer" / "badge.js"
NODE_MODULES = Path(__file__).parents[1] / "readers" / "node_modules"

IMPORTS = json.dumps(
    {
        "imports": {
            "@contentauth/c2pa-web": "/npm/@contentauth/c2pa-web/dist/index.js",
            "@contentauth/c2pa-web/resources/c2pa.wasm": (
                "/npm/@contentauth/c2pa-web/dist/resources/c2pa_bg.wasm"
            ),
            "highgain": "/npm/highgain/dist/index.js",
            "ts-deepmerge": "/npm/ts-deepmerge/esm/index.js",
        }
    }
)
_HASH = base64.b64encode(hashlib.sha256(IMPORTS.encode()).digest()).decode()
POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self'; worker-src blob:; script-src 'self' "
    f"'wasm-unsafe-eval' 'sha256-{_HASH}'"
)


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as the base class has it
        **SimpleHTTPRequestHandler.extensions_map,
        ".avif": "image/avif",
        ".webp": "image/webp",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """A publisher's site: pictures in a folder, and pages made around them."""

    def __init__(self, folder: Path, url: str, chrome: Chrome) -> None:
        self.folder, self.url, self.chrome = folder, url, chrome

    def badge(self, data: bytes, name: str, *, anchors: bytes = b"", lang: str = "en") -> Badge:
        """The badge of a file, once it is done."""
        (self.folder / name).write_bytes(data)
        (self.folder / "anchors.pem").write_bytes(anchors)
        trusting = 'anchors="/anchors.pem"' if anchors else ""
        (self.folder / "index.html").write_text(
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Photo</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<script type="importmap">{IMPORTS}</script><link rel="icon" href="/{name}">'
            '<script type="module" src="/badge.js"></script><body>'
            f'<miscompression-badge src="/{name}" {trusting}>'
            f'<img src="/{name}" alt="A photo"></miscompression-badge>'
        )
        self.chrome.get("about:blank")
        self.chrome.get(self.url)
        badge = Badge(self.chrome)
        WebDriverWait(self.chrome, 20, 0.05).until(lambda _: badge.state not in (None, "checking"))
        severe = [line for line in self.chrome.get_log("browser") if line["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
        assert severe == []
        return badge


class Badge:
    """What a reader sees and does."""

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    @property
    def host(self) -> WebElement:
        return self.chrome.find_element("tag name", "miscompression-badge")

    @property
    def state(self) -> str | None:
        return self.host.get_attribute("state")

    def all(self, css: str) -> list[WebElement]:
        found: list[WebElement] = self.host.shadow_root.find_elements("css selector", css)
        return found

    @property
    def text(self) -> str:
        return self.all("button.badge")[0].text

    def open(self) -> str:
        self.all("button.badge")[0].click()
        return self.all(".panel")[0].text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on loopback and a browser; where they can be had, they must be there."""
    problem = browser.missing()
    if not problem and not (NODE_MODULES / "@contentauth" / "c2pa-web").exists():
        problem = f"{NODE_MODULES}: c2pa-web is not installed"
    if problem:
        if os.environ.get("PROVENANCE_BROWSER") == "required":
            pytest.fail(f"{problem}: the badge must be tested here")
        pytest.skip(problem)
    folder = tmp_path_factory.mktemp("site")
    (folder / "badge.js").write_bytes(BADGE.read_bytes())
    (folder / "npm").symlink_to(NODE_MODULES)
    handler = functools.partial(_Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with browser.chromium(tmp_path_factory.mktemp("profile")) as chrome:
                yield Site(folder, f"http://127.0.0.1:{server.server_port}/", chrome)
        finally:
            server.shutdown()
            thread.join(20)


@pytest.fixture(scope="module")
def compressed(astronaut: Path) -> Labelled:
    """The example photo at a quality that changes its meaning."""
    return api.compress(astronaut, quality=1)


@pytest.fixture(scope="module")
def rendition(compressed: Labelled) -> Labelled:
    """The same as an ordinary file."""
    return api.decompress(compressed.data, to="jpeg")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def anchors(compressed: Labelled) -> bytes:
    """Whom the site trusts: the local CA."""
    return to_pem(default_identity().chain[1:])


def test_an_unknown_signer_is_told_from_a_trusted_one(
    site: Site, compressed: Labelled, anchors: bytes
) -> None:
    level = compressed.label.risk.level
    badge = site.badge(compressed.data, "photo.avif")
    assert (badge.state, badge.text) == ("untrusted", f"Risk {level}/5 · intact, unknown signer")
    badge = site.badge(compressed.data, "photo.avif", anchors=anchors)
    assert (badge.state, badge.text) == ("trusted", f"Risk {level}/5 · intact, trusted signer")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_every_format_is_validated_in_the_browser(
    kind: str, site: Site, compressed: Labelled, anchors: bytes
) -> None:
    data = api.decompress(compressed.data, to=kind).data
    assert site.badge(data, f"photo.{kind}", anchors=anchors).state == "trusted"
    changed = bytearray(data)
    changed[data.index(b"rdf:Seq")] ^= 1
    assert site.badge(bytes(changed), f"photo.{kind}", anchors=anchors).state == "tampered"


def test_the_panel_tells_the_label_and_outlines_the_findings(
    site: Site, rendition: Labelled, anchors: bytes
) -> None:
    badge = site.badge(rendition.data, "photo.jpeg", anchors=anchors)
    assert not badge.all(".places")[0].is_displayed()
    text = badge.open()
    risk = rendition.label.risk
    assert f"level {risk.level} of 5" in text and f"score {risk.score:.2f}" in text
    assert all(finding.sentence in text for finding in risk.findings)
    assert "whether the picture is true, no signature tells" in text

    picture = site.chrome.find_element("tag name", "img").rect
    scale = picture["width"] / rendition.label.original.width
    outlines = badge.all("rect:not(.back):not(svg.mark *)")
    assert len(outlines) == len(risk.findings)
    for outline, finding in zip(outlines, risk.findings, strict=True):
        x, y, width, height = (scale * side for side in finding.box)
        drawn = outline.rect
        assert abs(drawn["x"] + drawn["width"] / 2 - picture["x"] - x - width / 2) < 3
        assert abs(drawn["y"] + drawn["height"] / 2 - picture["y"] - y - height / 2) < 3


def test_the_keyboard_shows_where_a_finding_is(site: Site, rendition: Labelled) -> None:
    badge = site.badge(rendition.data, "photo.jpeg")
    toggle = badge.all("button.badge")[0]
    toggle.send_keys(Keys.ENTER)
    assert toggle.get_attribute("aria-expanded") == "true"
    toggle.send_keys(Keys.TAB)
    # The list scrolls, so it takes the focus before its first entry does.
    active = "return document.querySelector('miscompression-badge').shadowRoot.activeElement"
    if site.chrome.execute_script(active).tag_name == "ul":
        site.chrome.execute_script(active).send_keys(Keys.TAB)
    assert [place.get_attribute("class") for place in badge.all("rect.chosen")] == [
        f"{_main_type(rendition)} chosen"
    ]
    toggle.send_keys(Keys.ESCAPE)
    assert toggle.get_attribute("aria-expanded") == "false"


def test_a_changed_file_shows_no_label(site: Site, rendition: Labelled, anchors: bytes) -> None:
    changed = bytearray(rendition.data)
    changed[-2000] ^= 4
    badge = site.badge(bytes(changed), "photo.jpeg", anchors=anchors)
    assert (badge.state, badge.text) == ("tampered", "changed after it was signed")
    assert "Do not rely on it" in badge.open()


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: usage.dotted_string)
def test_every_certificate_that_may_sign_is_known(
    usage: x509.ObjectIdentifier, site: Site, rendition: Labelled, authority: Authority
) -> None:
    data = _signed(rendition, authority.issue(usages=[usage]))
    anchors = authority.path.read_bytes()
    assert site.badge(data, "photo.jpeg", anchors=anchors).state == "trusted"
    assert site.badge(data, "photo.jpeg").state == "untrusted"


def _signed(made: Labelled, identity: Identity) -> bytes:
    return sign(
        made.data,
        "image/jpeg",
        made.label,
        identity,
        original=made.data,
        original_media_type="image/jpeg",
    )


def test_a_parent_that_was_changed_counts(site: Site, rendition: Labelled, anchors: bytes) -> None:
    changed = bytearray(rendition.data)
    changed[-2000] ^= 4
    child = api.compress(bytes(changed), quality=80)
    assert site.badge(child.data, "photo.avif", anchors=anchors).state == "tampered"


def test_an_original_whose_credential_is_in_pieces_counts(
    site: Site, rendition: Labelled, anchors: bytes
) -> None:
    broken = bytearray(rendition.data)
    broken[broken.index(b"jumdc2pa") + 25] ^= 1  # the length of what follows
    child = api.compress(bytes(broken), quality=80)
    assert site.badge(child.data, "photo.avif", anchors=anchors).state == "tampered"


def _of_level(label: Label, level: int) -> Label:
    return replace(label, risk=replace(label.risk, level=level))


def test_a_label_that_does_not_hold_is_not_shown(
    site: Site, rendition: Labelled, authority: Authority
) -> None:
    data = _without_manifest(rendition.data)
    label, anchors = rendition.label, authority.path.read_bytes()
    ours = label_assertion(label)
    told = {**ours, "data": {**ours["data"], "history": [{"score": 0.9, "level": 1}]}}
    for assertions in (
        [label_assertion(label, created=False)],
        [label_assertion(_of_level(label, 1))],
        [told],
        [ours, ours],
    ):
        signed = created(data, "image/jpeg", authority.issue(), assertions)
        badge = site.badge(signed, "photo.jpeg", anchors=anchors)
        assert (badge.state, badge.text) == ("invalid", "signature or label not valid")
        assert "the label does not hold" in badge.open()
    signed = created(data, "image/jpeg", authority.issue(), [ours])
    assert site.badge(signed, "photo.jpeg", anchors=anchors).state == "trusted"
    # In XMP there is one, and whoever signed the file has not signed it.
    signed = created(data, "image/jpeg", authority.issue(), [])
    assert site.badge(signed, "photo.jpeg", anchors=anchors).state == "stripped"


def test_a_certificate_that_has_ended_is_no_change_of_the_file(
    site: Site, rendition: Labelled, authority: Authority
) -> None:
    anchors = authority.path.read_bytes()
    signer = authority.issue(days=(-1, 3 / 86400))
    data = _signed(rendition, signer)
    time.sleep(max(0, signer.valid_until.timestamp() + 2.5 - time.time()))
    assert site.badge(data, "photo.jpeg", anchors=anchors).state == "invalid"


def test_under_an_update_stands_the_label_of_what_was_updated(
    site: Site, rendition: Labelled, authority: Authority, anchors: bytes
) -> None:
    theirs = authority.path.read_bytes()
    level = rendition.label.risk.level
    # What the one who updated it believed of its signer is on record, and does not count.
    for believed in ((), default_trust().list()):
        data = updated(rendition.data, "image/jpeg", authority.issue(), believed)
        badge = site.badge(data, "photo.jpeg", anchors=anchors + theirs)
        assert (badge.state, badge.text) == ("trusted", f"Risk {level}/5 · intact, trusted signer")
        # Both must be known: who signed the label, and who says that nothing happened since.
        for one in (anchors, theirs):
            assert site.badge(data, "photo.jpeg", anchors=one).state == "untrusted"
    changed = bytearray(data)
    changed[-2000] ^= 4
    badge = site.badge(bytes(changed), "photo.jpeg", anchors=anchors + theirs)
    assert badge.state == "tampered"
    # One that brings a label of its own vouches for that.
    own = [label_assertion(rendition.label)]
    data = updated(rendition.data, "image/jpeg", authority.issue(), assertions=own)
    assert site.badge(data, "photo.jpeg", anchors=theirs).state == "trusted"


def test_a_credential_that_is_elsewhere_is_not_fetched_and_no_change_of_the_file(
    site: Site, compressed: Labelled, authority: Authority
) -> None:
    png = api.decompress(compressed.data, to="png").data
    with kept_elsewhere(png, compressed.label, authority.issue()) as (data, address):
        badge = site.badge(data, "photo.png", anchors=authority.path.read_bytes())
        assert (badge.state, badge.text) == ("unreadable", "could not be checked")
        assert address in badge.open()
        assert Keeper.asked == []


def test_stripped_is_not_the_same_as_never_labelled(
    site: Site, rendition: Labelled, astronaut: Path
) -> None:
    png = api.decompress(api.compress(astronaut, quality=1).data, to="png").data
    badge = site.badge(_without_chunk(png, b"caBX"), "photo.png")
    assert (badge.state, badge.text) == ("stripped", "label without a signature")
    assert site.badge(astronaut.read_bytes(), "photo.png").state == "none"


def test_a_strangers_words_are_words(
    site: Site, rendition: Labelled, astronaut: Path, anchors: bytes
) -> None:
    script = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    label = rendition.label
    finding = replace(label.risk.findings[0], sentence=script)
    hostile = replace(label, risk=replace(label.risk, findings=(finding,)))
    data = sign(
        rendition.data,
        "image/jpeg",
        hostile,
        default_identity(),
        original=astronaut.read_bytes(),
        original_media_type="image/png",
    )
    badge = site.badge(data, "photo.jpeg", anchors=anchors)
    assert script in badge.open()
    assert badge.all("script, .panel img") == []


def test_characters_that_turn_the_order_of_others_are_left_out(
    site: Site, rendition: Labelled, authority: Authority
) -> None:
    data = _signed(rendition, authority.issue(organisation="Example\u202e\u0000 Press"))
    assert "by Example Press, Somebody." in site.badge(data, "photo.jpeg").open()


def test_it_speaks_german(site: Site, compressed: Labelled) -> None:
    badge = site.badge(compressed.data, "photo.avif", lang="de-AT")
    assert "unversehrt, Unterzeichner unbekannt" in badge.text
    assert "Eine Schätzung durch ein Programm" in badge.open()


def test_it_is_small() -> None:
    assert len(BADGE.read_bytes()) < 16_000


def _main_type(made: Labelled) -> str:
    types = made.label.risk.findings[0].types
    return max(types, key=lambda name: types[name])


def _without_manifest(jpeg: bytes) -> bytes:
    """The same without its APP11 segments."""
    kept, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        kept += b"" if jpeg[at + 1] == 0xEB else jpeg[at:end]
        at = end
    return kept + jpeg[at:]


def _without_chunk(png: bytes, kind: bytes) -> bytes:
    kept, at = png[:8], 8
    while at < len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4])
        kept += b"" if png[at + 4 : at + 8] == kind else png[at:end]
        at = end
    return kept
