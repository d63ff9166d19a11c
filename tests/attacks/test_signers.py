"""Certificates that nobody may sign with, in files that are signed with them all the same.

No signer of ours takes them, so a sound file's signature is replaced by hand.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance import api, imaging
from provenance.credentials import Identity, TrustStore, identity_folder
from provenance.credentials.certificates import C2PA_SIGNING, DOCUMENT_SIGNING

from ..credentials.conftest import Authority

INVALID, UNTRUSTED = 4, 5
ANY_USAGE = x509.ObjectIdentifier("2.5.29.37.0")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def trust(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    """Trusts the authority, and the machine's own identity, which signed the label alone."""
    trusted = TrustStore(tmp_path_factory.mktemp("trusted"), identity_folder())
    trusted.add(authority.path, "authority")
    return trusted


@pytest.fixture(scope="module")
def sound(astronaut: Path) -> bytes:
    photo = imaging.load(astronaut.read_bytes(), "photo")
    small = imaging.Photo(np.ascontiguousarray(photo.pixels[:128, 160:288]), None, False)
    return api.compress(imaging.render(small, "png"), quality=50, to="png").data


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        ({}, 0, "by the anchor authority"),
        ({"usages": [C2PA_SIGNING]}, 0, "by the anchor authority"),
        ({"usages": [DOCUMENT_SIGNING]}, 0, "by the anchor authority"),
        ({"self_signed": True}, UNTRUSTED, "is not among your trust anchors"),
        ({"organisation": None}, UNTRUSTED, "its subject has no organisation (O)"),
        ({"days": (-100, -1)}, INVALID, "signingCredential.expired"),
        ({"days": (1, 100)}, INVALID, "signingCredential.expired"),
        ({"usages": [ExtendedKeyUsageOID.CODE_SIGNING]}, INVALID, "signingCredential.invalid"),
        ({"usages": [ExtendedKeyUsageOID.TIME_STAMPING]}, UNTRUSTED, "lacks emailProtection"),
        ({"usages": [ExtendedKeyUsageOID.OCSP_SIGNING]}, UNTRUSTED, "lacks emailProtection"),
        ({"usages": [ANY_USAGE]}, INVALID, "signingCredential.invalid"),
        ({"usages": None}, INVALID, "signingCredential.invalid"),
    ],
    ids=[
        *("good", "for C2PA", "for documents", "self-signed", "no O", "expired", "not yet valid"),
        *("for code", "for time stamps", "for OCSP", "for anything", "for nothing"),
    ],
)
def test_who_signs_with_a_certificate_that_will_not_do(
    wanted: dict[str, Any],
    code: int,
    words: str,
    sound: bytes,
    authority: Authority,
    trust: TrustStore,
) -> None:
    report = api.verify(_signed_by(authority.issue(**wanted), sound), trust=trust)
    told = "; ".join(f"{step.name}: {step.detail}" for step in report.steps)
    assert (report.exit_code, report.trusted) == (code, code == 0), told
    assert words in told, told


@pytest.mark.parametrize(
    ("wanted", "state"),
    [
        ({}, "trusted"),
        ({"organisation": None}, "untrusted"),
        ({"usages": [ExtendedKeyUsageOID.TIME_STAMPING]}, "untrusted"),
    ],
    ids=["good", "no O", "for time stamps"],
)
def test_a_parent_that_is_signed_so(
    wanted: dict[str, Any], state: str, sound: bytes, authority: Authority, trust: TrustStore
) -> None:
    parent = _signed_by(authority.issue(**wanted), sound)
    child = api.compress(parent, quality=60, to="png", trust=trust).data
    report = api.verify(child, trust=trust)
    assert report.exit_code == 0
    assert [entry["state"] for entry in report.ingredients] == [state, "unsigned"]


def _signed_by(signer: Identity, png: bytes) -> bytes:
    """The same file with another signature, as long as the one it had (RFC 9052, 4.4)."""
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    claim, old = _content(png, b"c2pa.claim.v2"), _content(png, b"c2pa.signature")
    chain = [entry.public_bytes(Encoding.DER) for entry in signer.chain]
    # ES256, and x5chain of one certificate or of several.
    certificates = _string(chain[0])
    if len(chain) > 1:
        certificates = bytes([0x80 + len(chain)]) + b"".join(map(_string, chain))
    protected = b"\xa2\x01\x26\x18\x21" + certificates
    what = b"\x84\x6aSignature1" + _string(protected) + _string(b"") + _string(claim)
    r, s = decode_dss_signature(signer.key.sign(what, ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def message(padding: int) -> bytes:
        headers = b"\xa1\x63pad" + _string(bytes(padding))
        return b"\xd2\x84" + _string(protected) + headers + b"\xf6" + _string(signature)

    room = len(old) - len(message(256))
    new = message(256 + room)
    assert room >= 0 and len(new) == len(old)
    changed = png.replace(old, new)
    at = changed.index(b"caBX")
    (size,) = struct.unpack_from(">I", changed, at - 4)
    end = at + 4 + size
    return changed[:end] + struct.pack(">I", zlib.crc32(changed[at:end])) + changed[end + 4 :]


def _content(png: bytes, label: bytes) -> bytes:
    """Of the CBOR box in the superbox with this label (ISO/IEC 19566-5)."""
    at = png.index(label + b"\0") + len(label) + 1
    size, kind = struct.unpack_from(">I4s", png, at)
    assert kind == b"cbor"
    return png[at + 8 : at + size]


def _string(data: bytes) -> bytes:
    """As CBOR (RFC 8949, 3)."""
    size = len(data)
    if size < 24:
        return bytes([0x40 + size]) + data
    if size < 256:
        return bytes([0x58, size]) + data
    return b"\x59" + struct.pack(">H", size) + data
