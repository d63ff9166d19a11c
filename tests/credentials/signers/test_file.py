"""Keys in files: PEM and PKCS#12, with and without password, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.credentials import certificates as x
from provenance.credentials import load_signer
from provenance.errors import InputError, SigningError, UsageError

from .conftest import Signed, stored

if TYPE_CHECKING:
    from ..conftest import Authority

KEYS: dict[str, x.PrivateKey] = {
    "es256": ec.generate_private_key(ec.SECP256R1()),
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ps256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_algorithm_follows_from_the_key(
    algorithm: str, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    key, certificates = stored(tmp_path, authority.issue(key=KEYS[algorithm]))
    identity = load_signer(f"file:{key}", certificates)
    assert identity.algorithm == algorithm
    assert identity.notes == ()
    credential = signed(identity)
    assert credential.trusted and credential.algorithm == algorithm


def test_encrypted_keys_ask_for_their_password(authority: Authority, tmp_path: Path) -> None:
    key, certificates = stored(tmp_path, authority.issue(), b"correct horse")
    asked = []

    def secret(of: str) -> bytes:
        asked.append(of)
        return b"correct horse"

    assert load_signer(f"file:{key}", certificates, secret).algorithm == "es256"
    assert asked == [str(key)]
    with pytest.raises(InputError, match="needs its password"):
        load_signer(f"file:{key}", certificates)
    with pytest.raises(InputError, match="needs its password"):
        load_signer(f"file:{key}", certificates, lambda _: b"")
    with pytest.raises(InputError, match="password is wrong"):
        load_signer(f"file:{key}", certificates, lambda _: b"battery staple")
    stored(tmp_path, authority.issue())
    assert load_signer(f"file:{key}", certificates, secret)
    assert asked == [str(key)]


@pytest.mark.parametrize("password", [None, b"correct horse"], ids=["open", "encrypted"])
def test_a_pkcs12_file_brings_its_certificates(
    password: bytes | None, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    issued = authority.issue()
    assert isinstance(issued.key, ec.EllipticCurvePrivateKey)
    strange = [x.make_ca("Somebody Else", "Else")[0], *issued.chain[1:]]
    hidden: Any = serialization.NoEncryption()
    if password:
        hidden = serialization.BestAvailableEncryption(password)
    store = tmp_path / "desk.p12"
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(b"desk", issued.key, issued.chain[0], strange, hidden)
    )
    store.chmod(0o600)

    identity = load_signer(f"file:{store}", secret=lambda _: password or b"never asked")

    assert identity.chain == issued.chain
    assert signed(identity).trusted
    if password:
        with pytest.raises(InputError, match=r"desk\.p12.*password is wrong"):
            load_signer(f"file:{store}", secret=lambda _: b"battery staple")


def test_one_pem_file_may_hold_both(authority: Authority, tmp_path: Path) -> None:
    key, certificates = stored(tmp_path, authority.issue())
    with pytest.raises(UsageError, match="--certificate"):
        load_signer(f"file:{key}")
    key.write_bytes(key.read_bytes() + certificates.read_bytes())
    assert load_signer(f"file:{key}").algorithm == "es256"


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "file://localhost{}"])
def test_the_forms_of_a_file_uri(form: str, authority: Authority, tmp_path: Path) -> None:
    folder = tmp_path / "news desk"
    folder.mkdir()
    key, certificates = stored(folder, authority.issue())
    assert load_signer(form.format(str(key).replace(" ", "%20")), certificates)


def test_a_key_below_the_home_folder(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _, certificates = stored(tmp_path, authority.issue())
    assert load_signer("file:~/desk.key.pem", certificates)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("desk.pem", "file:desk.pem"),
        ("", "no URI"),
        ("file:", "no URI"),
        ("vault:desk", "no such scheme"),
        ("file:-", "standard input"),
    ],
)
def test_uris_that_are_none(uri: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_signer(uri)


def test_a_key_that_others_can_read_is_noted(authority: Authority, tmp_path: Path) -> None:
    key, certificates = stored(tmp_path, authority.issue())
    key.chmod(0o640)
    (note,) = load_signer(f"file:{key}", certificates).notes
    assert "key file readable by others" in note and "chmod 600" in note


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"organisation": None}, "organisation"),
        ({"days": (-100, -1)}, "expired"),
        ({"days": (1, 100)}, "valid only from"),
        ({"usages": None}, "not made for C2PA"),
        ({"usages": [ExtendedKeyUsageOID.CODE_SIGNING]}, "emailProtection"),
        ({"usages": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]}, "emailProtection"),
    ],
)
def test_certificates_that_readers_would_refuse_are_refused_at_once(
    wanted: dict[str, Any], message: str, authority: Authority, tmp_path: Path
) -> None:
    key, certificates = stored(tmp_path, authority.issue(**wanted))
    with pytest.raises(SigningError, match=message):
        load_signer(f"file:{key}", certificates)


def test_curves_and_sizes_that_c2pa_does_not_know_are_refused() -> None:
    with pytest.raises(SigningError, match="curve secp256k1"):
        x.algorithm_of(ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(SigningError, match="1024 bits"):
        x.algorithm_of(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    with pytest.raises(SigningError, match="of this kind"):
        x.algorithm_of(x25519.X25519PrivateKey.generate())


def test_files_that_do_not_belong_together(authority: Authority, tmp_path: Path) -> None:
    key, certificates = stored(tmp_path, authority.issue())
    other = tmp_path / "other"
    other.mkdir()
    wrong_key, wrong = stored(other, authority.issue())
    with pytest.raises(SigningError, match="not the key"):
        load_signer(f"file:{wrong_key}", certificates)
    wrong.write_bytes(certificates.read_bytes() * 2)
    with pytest.raises(SigningError, match="not issued by the next"):
        load_signer(f"file:{key}", wrong)
    with pytest.raises(SigningError, match="not the key"):
        load_signer(f"file:{key}", authority.path)


def test_files_that_hold_no_key(authority: Authority, tmp_path: Path) -> None:
    key, certificates = stored(tmp_path, authority.issue())
    noise = tmp_path / "noise"
    noise.write_bytes(b"\0\1\2")
    noise.chmod(0o600)
    with pytest.raises(InputError, match="noise"):
        load_signer(f"file:{key}", noise)
    with pytest.raises(InputError, match="noise: is neither PEM nor PKCS#12"):
        load_signer(f"file:{noise}", certificates)
    with pytest.raises(InputError, match="no such file"):
        load_signer(f"file:{tmp_path / 'none'}", certificates)
    with pytest.raises(InputError, match="holds no private key"):
        load_signer(f"file:{certificates}", certificates)
    noise.write_bytes(
        x25519.X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(InputError, match="cannot sign"):
        load_signer(f"file:{noise}", certificates)
