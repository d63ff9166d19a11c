"""Keys in Google Cloud KMS, by a service of the same protocol on loopback."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from google.cloud import kms

from provenance.credentials import load_signer
from provenance.credentials.certificates import to_pem
from provenance.credentials.identity import key_pem
from provenance.credentials.signers import gcpkms
from provenance.errors import InputError, SigningError, UsageError

from .conftest import Signed, stored
from .test_file import KEYS
from .test_https import loopback_certificate

if TYPE_CHECKING:
    from ..conftest import Authority

RING = "projects/press/locations/europe/keyRings/desk/cryptoKeys/{}/cryptoKeyVersions/1"


def _signature(request: Any) -> bytes:
    """What the service answers: the hash is signed, for Ed25519 the data."""
    key = KEYS[request.name.split("/")[7]]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(request.data)
    kind, hashed = (
        (hashes.SHA384(), request.digest.sha384)
        if request.digest.sha384
        else (hashes.SHA256(), request.digest.sha256)
    )
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(kind), kind.digest_size)
        return key.sign(hashed, pss, utils.Prehashed(kind))
    return key.sign(hashed, ec.ECDSA(utils.Prehashed(kind)))


class Service(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The one method that is used, for whoever brings a token."""

    def service(self, details: Any) -> Any:
        assert details.method == "/google.cloud.kms.v1.KeyManagementService/AsymmetricSign"
        return grpc.unary_unary_rpc_method_handler(
            self.sign,
            request_deserializer=kms.AsymmetricSignRequest.deserialize,
            response_serializer=kms.AsymmetricSignResponse.serialize,
        )

    def sign(self, request: Any, context: Any) -> Any:
        if not dict(context.invocation_metadata()).get("authorization", "").startswith("Bearer "):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        if "/cryptoKeys/none/" in request.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such key")
        return kms.AsymmetricSignResponse(signature=_signature(request))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the service; its certificate and an account's key are in the environment."""
    folder = tmp_path_factory.mktemp("gcp")
    key, certificate = loopback_certificate()
    (folder / "roots.pem").write_bytes(to_pem([certificate]))
    account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    facts = {
        "type": "service_account",
        "project_id": "press",
        "private_key_id": "1",
        "private_key": key_pem(account).decode(),
        "client_email": "desk@press.example",
        "token_uri": "https://127.0.0.1:9/token",
    }
    (folder / "account.json").write_text(json.dumps(facts))
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(Service(),))
    credentials = grpc.ssl_server_credentials([(key_pem(key), to_pem([certificate]))])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(folder / "roots.pem"))
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(folder / "account.json"))
        yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_key_in_the_service_signs(
    algorithm: str, endpoint: str, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    _, certificates = stored(tmp_path, authority.issue(key=KEYS[algorithm]))
    uri = f"gcpkms:{RING.format(algorithm)}?endpoint={endpoint}"
    credential = signed(load_signer(uri, certificates))
    assert credential.trusted and credential.algorithm == algorithm


def test_its_refusal_reaches_the_user(
    endpoint: str, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    _, certificates = stored(tmp_path, authority.issue())
    with pytest.raises(SigningError, match="404 no such key"):
        signed(load_signer(f"gcpkms:{RING.format('none')}?endpoint={endpoint}", certificates))


def test_a_service_that_is_down(
    authority: Authority,
    tmp_path: Path,
    signed: Signed,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gcpkms, "TIME_LIMIT", 2.0)
    _, certificates = stored(tmp_path, authority.issue())
    identity = load_signer(f"gcpkms:{RING.format('es256')}?endpoint=127.0.0.1:9", certificates)
    began = time.monotonic()
    with pytest.raises(SigningError, match=r"refused: gcpkms:projects/press/.*connect"):
        signed(identity)
    assert time.monotonic() - began < 20


def test_without_credentials(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(InputError, match=r"none\.json"):
        load_signer(f"gcpkms:{RING.format('es256')}")


def test_uris_that_will_not_do(endpoint: str) -> None:
    for uri in ("gcpkms:desk", f"gcpkms:{RING.format('a')}?key=b", f"gcpkms:{RING.format('a')}/x"):
        with pytest.raises(UsageError, match="cryptoKeyVersions/N"):
            load_signer(uri)


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.kms", None)
    with pytest.raises(UsageError, match=r"provenance\[gcp\]"):
        load_signer("gcpkms:desk")
