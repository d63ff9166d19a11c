"""A signing service on loopback: its protocol, its refusals, and what it is never told."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provenance.credentials import load_signer
from provenance.credentials.certificates import to_pem
from provenance.credentials.identity import key_pem
from provenance.errors import SigningError, UsageError

from .conftest import Signed, stored

if TYPE_CHECKING:
    from ..conftest import Authority

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], tuple[int, bytes]]


@contextmanager
def service(answer: Answer, tls: Path | None = None) -> Iterator[str]:
    """A service on loopback, with TLS if there is a certificate for it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["Content-Length"]))
            code, body = answer(self, payload)
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/desk"
        server.shutdown()


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def certificates(authority: Authority, key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> Path:
    return stored(tmp_path, authority.issue(key=key))[1]


def loopback_certificate() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    key, certificate = loopback_certificate()
    path = tmp_path / "tls.pem"
    path.write_bytes(key_pem(key) + to_pem([certificate]))
    return path


def test_a_service_signs_over_tls(
    key: ec.EllipticCurvePrivateKey,
    certificates: Path,
    tls: Path,
    signed: Signed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def answer(request: http.server.BaseHTTPRequestHandler, payload: bytes) -> tuple[int, bytes]:
        asked.append((request.path, request.headers["Provenance-Algorithm"], len(payload)))
        assert request.headers["Authorization"] is None
        return 200, key.sign(payload, ec.ECDSA(hashes.SHA256()))

    with service(answer, tls) as uri:
        with pytest.raises(SigningError, match=r"cannot be reached.*CERTIFICATE_VERIFY_FAILED"):
            signed(load_signer(uri, certificates))
        assert asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tls))
        assert signed(load_signer(f"{uri}?key=1", certificates)).trusted
    ((path, algorithm, size),) = asked
    assert (path, algorithm) == ("/desk?key=1", "es256")
    assert size < 5000


def test_a_token_is_sent_only_when_asked_for(
    key: ec.EllipticCurvePrivateKey, certificates: Path, signed: Signed
) -> None:
    seen = []

    def answer(request: http.server.BaseHTTPRequestHandler, payload: bytes) -> tuple[int, bytes]:
        seen.append(request.headers["Authorization"])
        if seen[-1] != "Bearer open sesame":
            return 401, b"who are you?"
        return 200, key.sign(payload, ec.ECDSA(hashes.SHA256()))

    with service(answer) as uri:
        asked: list[str] = []

        def secret(of: str) -> bytes:
            asked.append(of)
            return b"open sesame"

        identity = load_signer(uri, certificates, secret)
        assert signed(identity).trusted
        assert seen == [None, "Bearer open sesame"]
        # For the next file nobody is asked again.
        assert signed(identity).trusted
        assert asked == [uri] and seen[2:] == ["Bearer open sesame"]
        with pytest.raises(SigningError, match="401 Unauthorized: who are you"):
            signed(load_signer(uri, certificates, lambda _: b"open barley"))
        with pytest.raises(SigningError, match="needs its password"):
            signed(load_signer(uri, certificates))


@pytest.mark.parametrize(
    ("code", "body", "message"),
    [
        (403, b"desk closed at 18:00\nstack trace", "403 Forbidden: desk closed at 18:00$"),
        (500, b"", "500 Internal Server Error"),
        (302, b"", "answered 302"),
        (200, b"", "no signature"),
        (200, bytes(100_000), "no signature"),
        (200, bytes(64), "not ES256"),
    ],
)
def test_its_refusal_reaches_the_user(
    code: int, body: bytes, message: str, certificates: Path, signed: Signed
) -> None:
    paths = []

    def answer(request: http.server.BaseHTTPRequestHandler, _: bytes) -> tuple[int, bytes]:
        paths.append(request.path)
        return code, body

    with service(answer) as uri, pytest.raises(SigningError, match=message) as caught:
        signed(load_signer(f"{uri}?code=secret", certificates))
    assert "secret" not in str(caught.value)
    assert paths == ["/desk?code=secret"]


def test_a_service_that_is_down(certificates: Path, signed: Signed) -> None:
    with pytest.raises(SigningError, match=r"cannot be reached.*refused"):
        signed(load_signer("http://127.0.0.1:9/desk", certificates))


def test_a_proxy_never_sees_what_is_meant_for_this_machine(
    key: ec.EllipticCurvePrivateKey,
    certificates: Path,
    signed: Signed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    def answer(_: http.server.BaseHTTPRequestHandler, payload: bytes) -> tuple[int, bytes]:
        return 200, key.sign(payload, ec.ECDSA(hashes.SHA256()))

    with service(answer) as uri:
        assert signed(load_signer(uri, certificates)).trusted


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://sign.example/desk", "use https"),
        ("http://127.0.0.1.example/desk", "use https"),
        ("https://user:secret@sign.example/desk", "give the token apart"),
        ("https:desk", "names no host"),
        ("https://sign.example:port/desk", "[Pp]ort"),
    ],
)
def test_addresses_that_will_not_do(uri: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load_signer(uri)
    assert "secret" not in str(caught.value)
