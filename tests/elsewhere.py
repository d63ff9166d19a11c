"""A photo whose credential is kept by a server on loopback (C2PA 2.2, 11.4)."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import c2pa  # type: ignore[import-untyped]

from provenance.credentials import Identity
from provenance.credentials.certificates import to_pem
from provenance.credentials.identity import private_pem
from provenance.credentials.manifest import LABEL_ASSERTION
from provenance.credentials.settings import library_settings
from provenance.labels import Label, to_json

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
def kept_elsewhere(png: bytes, label: Label, identity: Identity) -> Iterator[tuple[bytes, str]]:
    """The photo with no more than an address in it, and the address."""
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
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/photo.c2pa"
        with (
            c2pa.Context.from_json(library_settings([]), signer=signer) as context,
            c2pa.Builder(manifest, context=context) as builder,
        ):
            builder.set_no_embed()
            builder.set_remote_url(address)
            Keeper.kept = {"/photo.c2pa": builder.sign("image/png", io.BytesIO(png), signed)}
        Keeper.asked.clear()
        yield signed.getvalue(), address
        server.shutdown()
