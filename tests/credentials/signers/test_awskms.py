"""Keys in AWS KMS, by moto's model of it, which salts PSS otherwise than the service does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from provenance.credentials import load_signer
from provenance.credentials.certificates import to_pem
from provenance.credentials.signatures import digest, made
from provenance.credentials.signers.awskms import AwsSigner
from provenance.errors import InputError, SigningError, UsageError

from .conftest import Signed, stored
from .test_file import KEYS

if TYPE_CHECKING:
    from ..conftest import Authority

SPECS = {"es256": "ECC_NIST_P256", "es384": "ECC_NIST_P384", "es512": "ECC_NIST_P521"}


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The service, in one region, with credentials that mean nothing."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("kms")


def _desk(kms: Any, spec: str, authority: Authority, folder: Path) -> tuple[str, Path]:
    """A new key's ARN and its certificates."""
    made = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    public = load_der_public_key(kms.get_public_key(KeyId=made["KeyId"])["PublicKey"])
    path = folder / "desk.chain.pem"
    path.write_bytes(to_pem(authority.issue(public_key=public).chain))
    return made["Arn"], path


@pytest.mark.parametrize("algorithm", SPECS)
def test_a_key_in_the_service_signs(
    algorithm: str, kms: Any, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    arn, certificates = _desk(kms, SPECS[algorithm], authority, tmp_path)
    credential = signed(load_signer(f"awskms:{arn}", certificates))
    assert credential.trusted and credential.algorithm == algorithm


def test_ids_aliases_and_regions(
    kms: Any,
    authority: Authority,
    tmp_path: Path,
    signed: Signed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn, certificates = _desk(kms, "ECC_NIST_P256", authority, tmp_path)
    number = arn.rpartition("/")[2]
    kms.create_alias(AliasName="alias/desk", TargetKeyId=number)
    for name in (number, "alias/desk", "alias/desk?region=eu-central-1"):
        assert signed(load_signer(f"awskms:{name}", certificates)).trusted
    with pytest.raises(SigningError, match=r"awskms:alias/desk: .*NotFound"):
        signed(load_signer("awskms:alias/desk?region=eu-west-1", certificates))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert signed(load_signer(f"awskms:{arn}", certificates)).trusted
    with pytest.raises(InputError, match="region"):
        load_signer("awskms:alias/desk", certificates)


def test_a_certificate_of_another_key_is_noticed(
    kms: Any, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    arn, _ = _desk(kms, "ECC_NIST_P256", authority, tmp_path)
    _, certificates = _desk(kms, "ECC_NIST_P256", authority, tmp_path)
    with pytest.raises(SigningError, match="does the certificate belong to this key"):
        signed(load_signer(f"awskms:{arn}", certificates))


def test_without_credentials(
    kms: Any, authority: Authority, tmp_path: Path, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn, certificates = _desk(kms, "ECC_NIST_P256", authority, tmp_path)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(SigningError, match=r"[Cc]redentials"):
        signed(load_signer(f"awskms:{arn}", certificates))


def test_of_long_payloads_the_service_gets_the_hash(kms: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    payload = bytes(5000)
    hashed = digest(payload, "es256")
    signature = key.sign(hashed, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    signer = AwsSigner("awskms:desk")
    with Stubber(signer._client) as stub:
        expected = {
            "KeyId": "desk",
            "Message": hashed,
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        }
        stub.add_response("sign", {"Signature": signature}, expected)
        assert signer.sign(payload, "es256") == signature


@pytest.mark.parametrize(
    ("algorithm", "asked"), [("ps256", "RSASSA_PSS_SHA_256"), ("ed25519", "ED25519_SHA_512")]
)
def test_what_moto_cannot_sign(
    algorithm: str,
    asked: str,
    authority: Authority,
    tmp_path: Path,
    signed: Signed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RSA and Ed25519, answered as the service documents it: a salt as long as the hash."""
    key = KEYS[algorithm]
    _, certificates = stored(tmp_path, authority.issue(key=key))
    requests = []

    class Service:
        def sign(self, **asked: Any) -> dict[str, Any]:
            requests.append((asked["SigningAlgorithm"], asked["MessageType"]))
            if asked["MessageType"] == "RAW":
                return {"Signature": made(asked["Message"], key, algorithm)}
            assert isinstance(key, rsa.RSAPrivateKey)
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            prehashed = utils.Prehashed(hashes.SHA256())
            return {"Signature": key.sign(asked["Message"], pss, prehashed)}

    monkeypatch.setattr(boto3, "client", lambda *_, **__: Service())
    credential = signed(load_signer("awskms:desk", certificates))
    assert credential.trusted and credential.algorithm == algorithm
    assert {name for name, _ in requests} == {asked}


def test_uris_that_will_not_do(kms: Any) -> None:
    for uri in ("awskms:?region=x", "awskms:desk?profile=x"):
        with pytest.raises(UsageError, match="give awskms:KEY"):
            load_signer(uri)


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(UsageError, match=r"provenance\[aws\]"):
        load_signer("awskms:desk")
