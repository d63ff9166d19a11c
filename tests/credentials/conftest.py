from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from provenance.container import pack
from provenance.credentials import Identity, TrustStore, identity_folder, new_identity, sign
from provenance.credentials.certificates import PrivateKey, algorithm_of, make_ca, to_pem
from provenance.formats import plugin
from provenance.labels import Label, parse_label
from provenance.metadata import embed, packet

Signing = Callable[..., bytes]
"""Makes a signed PNG, by an identity."""

DATA = Path(__file__).parents[3] / "shared" / "data"

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "JXL": "image/jxl",
}


@pytest.fixture(scope="session")
def label() -> Label:
    path = Path(__file__).parents[1] / "metadata" / "label.json"
    return parse_label(path.read_bytes())


@pytest.fixture(scope="session")
def original() -> bytes:
    """A real press portrait, as it came."""
    return (DATA / "faces" / "portrait-1.jpg").read_bytes()


@pytest.fixture(scope="session")
def files(original: bytes, label: Label) -> dict[str, bytes]:
    """The portrait, smaller, labelled and not yet signed, in every type."""
    with Image.open(io.BytesIO(original)) as opened:
        picture = opened.convert("RGB").resize((256, 192))
    result = {}
    for extra in ("heif", "jxl"):
        plugin(extra)
    for kind, media_type in MEDIA_TYPES.items():
        stream = io.BytesIO()
        picture.save(stream, kind, quality=50, **({"lossless": False} if kind == "JXL" else {}))
        result[media_type] = stream.getvalue()
    xmp = packet(label)
    bits = bytes(range(256)) * 16
    preview = result["image/avif"]
    labelled = {t: embed(d, t, xmp) for t, d in result.items() if t != "image/avif"}
    labelled["image/avif"] = pack(bits, width=1024, height=768, preview=preview, xmp=xmp)
    return labelled


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "identity"


@pytest.fixture(scope="session")
def identity(folder: Path) -> Identity:
    return new_identity("Example Press", "Desk", folder)


@pytest.fixture(scope="session")
def trust(identity: Identity, folder: Path) -> TrustStore:
    return TrustStore(folder.parent / "trust", folder)


class Authority:
    """A CA that issues whatever it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = make_ca("Test Authority", "Test")
        self.path = folder / "authority.pem"
        self.path.write_bytes(to_pem([self.certificate]))
        self.trust = TrustStore(folder / "trust")
        self.trust.add(self.path, "authority")

    def trusted_beside_ours(self) -> TrustStore:
        """A store of its own that trusts the signer of this machine as well."""
        store = TrustStore(self.path.with_name("both"), identity_folder())
        store.add(self.path, "authority")
        return store

    def issue(
        self,
        *,
        organisation: str | None = "Example Press",
        days: tuple[float, float] = (-1, 100),
        usages: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        critical: bool = False,
        self_signed: bool = False,
        key: PrivateKey | None = None,
        public_key: Any = None,
    ) -> Identity:
        """A signer; ``days``: from and until, counted from now; ``public_key``: of a key that is
        elsewhere, so that only the chain is of use."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        issuer_key = key if self_signed else self.key
        names = [x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")]
        if organisation:
            names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(x509.Name(names) if self_signed else self.certificate.subject)
            .public_key(public_key or key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
            )
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, False, False, False, False), True
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        )
        if usages is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical)
        hashed = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        leaf = builder.sign(issuer_key, hashed)
        chain = (leaf,) if self_signed else (leaf, self.certificate)
        return Identity(chain, algorithm_of(key), key)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def signing(files: dict[str, bytes], label: Label, original: bytes) -> Signing:
    """Signs a PNG: of the original, or of a parent that is a PNG."""

    def made(identity: Identity, parent: bytes | None = None) -> bytes:
        return sign(
            files["image/png"],
            "image/png",
            label,
            identity,
            original=parent or original,
            original_media_type="image/png" if parent else "image/jpeg",
        )

    return made
