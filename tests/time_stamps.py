"""A time-stamp authority on loopback: `openssl ts` behind a few lines of HTTP (RFC 3161, 3.4)."""

from __future__ import annotations

import http.server
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from provenance.credentials.certificates import PrivateKey, to_pem
from provenance.credentials.identity import key_pem

_CONFIGURATION = """
[tsa]
default_tsa = local
[local]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


@contextmanager
def time_stamps(
    folder: Path, chain: tuple[x509.Certificate, ...], key: PrivateKey
) -> Iterator[str]:
    """Its address.

    Args:
        folder: for its files.
        chain: its certificates, leaf first.
    """
    (folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=folder))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.pem").write_bytes(to_pem(chain[:1]))
    (folder / "chain.pem").write_bytes(to_pem(chain[1:]))
    (folder / "tsa.key.pem").write_bytes(key_pem(key))
    lock = threading.Lock()

    def stamp(query: bytes) -> bytes:
        with lock:
            (folder / "query").write_bytes(query)
            files = ["-config", "tsa.cnf", "-queryfile", "query", "-out", "reply"]
            command = ["openssl", "ts", "-reply", *files]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            return (folder / "reply").read_bytes()

    with answering(stamp) as url:
        yield url


@contextmanager
def counterfeit(
    folder: Path, url: str, chain: tuple[x509.Certificate, ...], key: PrivateKey
) -> Iterator[str]:
    """The address of one whose certificate may be made for anything.

    OpenSSL signs no time stamps with such: those of a real authority are signed anew.

    Args:
        folder: for its files.
        url: of the real authority.
        chain: the certificates that sign, leaf first.
    """
    (folder / "leaf.pem").write_bytes(to_pem(chain[:1]))
    (folder / "above.pem").write_bytes(to_pem(chain[1:]))
    (folder / "leaf.key.pem").write_bytes(key_pem(key))
    signer = ["-signer", "leaf.pem", "-inkey", "leaf.key.pem", "-certfile", "above.pem"]
    content = ["-binary", "-nodetach", "-cades", "-econtent_type", "1.2.840.113549.1.9.16.1.4"]

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    def stamp(query: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        with urllib.request.urlopen(urllib.request.Request(url, query, headers)) as answer:
            (folder / "real").write_bytes(answer.read())
        der = ["-inform", "DER", "-in"]
        openssl("ts", "-reply", "-in", "real", "-token_out", "-out", "token")
        openssl("cms", "-verify", "-noverify", *der, "token", "-out", "info")
        files = ["-in", "info", "-outform", "DER", "-out", "signed"]
        openssl("cms", "-sign", *content, *signer, *files)
        # TimeStampResp (RFC 3161, 2.4.2): granted, and the token.
        body = bytes.fromhex("3003020100") + (folder / "signed").read_bytes()
        return b"\x30\x82" + len(body).to_bytes(2) + body

    with answering(stamp) as address:
        yield address


@contextmanager
def answering(reply: Callable[[bytes], bytes], code: int = 200) -> Iterator[str]:
    """The address of a server that answers queries with what ``reply`` makes of them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(code)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
