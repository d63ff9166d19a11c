"""A credential that is elsewhere is fetched when somebody asks for it, and else never."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import c2pa  # type: ignore[import-untyped]
import pytest

import provenance
from provenance.credentials.certificates import to_pem
from provenance.credentials.identity import private_pem
from provenance.credentials.manifest import LABEL_ASSERTION
from provenance.credentials.settings import library_settings
from provenance.labels import Label, to_json

if TYPE_CHECKING:
    from .conftest import Authority

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


class Keeper(http.server.BaseHTTPRequestHandler):
    """Keeps manifests by path."""

    kept: dict[str, bytes] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = self.kept.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _keeping() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def elsewhere(
    files: dict[str, bytes], label: Label, authority: Authority
) -> Iterator[tuple[bytes, str]]:
    """A photo whose manifest is kept at an address, and the address."""
    identity = authority.issue()
    actions = [{"action": "c2pa.created", "digitalSourceType": CAPTURE}]
    manifest = {
        "assertions": [
            {"label": "c2pa.actions.v2", "created": True, "data": {"actions": actions}},
            {"label": LABEL_ASSERTION, "created": True, "data": to_json(label)},
        ]
    }
    info = c2pa.C2paSignerInfo(b"es256", to_pem(identity.chain), private_pem(identity), None)
    signer = c2pa.Signer.from_info(info)
    signed = io.BytesIO()
    with (
        _keeping() as url,
        c2pa.Context.from_json(library_settings([]), signer=signer) as context,
        c2pa.Builder(manifest, context=context) as builder,
    ):
        builder.set_no_embed()
        builder.set_remote_url(f"{url}/photo.c2pa")
        Keeper.kept = {
            "/photo.c2pa": builder.sign("image/png", io.BytesIO(files["image/png"]), signed)
        }
        Keeper.asked.clear()
        yield signed.getvalue(), f"{url}/photo.c2pa"


def _credential_step(report: provenance.Report) -> str:
    return next(step.detail for step in report.steps if step.name == "credential")


def test_nobody_is_asked_unless_somebody_wants_it(
    elsewhere: tuple[bytes, str], authority: Authority
) -> None:
    data, address = elsewhere
    report = provenance.verify(data, trust=authority.trust)
    assert report.exit_code == 3 and not report.intact
    assert _credential_step(report) == f"none: it is elsewhere, at {address}; nobody looked there"
    assert Keeper.asked == []


def test_it_is_fetched_on_request_and_believed_like_any_other(
    elsewhere: tuple[bytes, str], authority: Authority, label: Label
) -> None:
    data, _ = elsewhere
    report = provenance.verify(data, trust=authority.trust, remote=True)
    assert (report.intact, report.valid, report.trusted) == (True, True, True)
    assert report.label == label
    assert Keeper.asked == ["/photo.c2pa"]
    altered = bytearray(data)
    altered[-30] ^= 1
    report = provenance.verify(bytes(altered), trust=authority.trust, remote=True)
    assert report.exit_code == 4 and not report.intact


def test_where_it_cannot_be_fetched_there_is_none(
    elsewhere: tuple[bytes, str], authority: Authority
) -> None:
    Keeper.kept = {}
    report = provenance.verify(elsewhere[0], trust=authority.trust, remote=True)
    assert report.exit_code == 3
    assert "could not fetch" in _credential_step(report) and "404" in _credential_step(report)


def test_what_is_fetched_need_not_be_a_manifest(
    elsewhere: tuple[bytes, str], authority: Authority
) -> None:
    for body in (b"", b"<html>", bytes(30_000_000)):
        Keeper.kept = {"/photo.c2pa": body}
        report = provenance.verify(elsewhere[0], trust=authority.trust, remote=True)
        assert report.exit_code in (3, 4) and not report.intact
