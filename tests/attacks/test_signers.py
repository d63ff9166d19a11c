"""Certificates that nobody may sign with, in files that are signed with them all the same.

No signer of ours takes them, so a sound file's signature is replaced by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance import api, imaging
from provenance.credentials import TrustStore
from provenance.credentials.certificates import C2PA_SIGNING, DOCUMENT_SIGNING

from ..cose import NUMBER, TEXT, chain, signed_by
from ..credentials.conftest import Authority

INVALID, UNTRUSTED = 4, 5
ANY_USAGE = x509.ObjectIdentifier("2.5.29.37.0")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def trust(authority: Authority) -> TrustStore:
    """Trusts the authority, and the machine's own identity, which signed the label alone."""
    return authority.trusted_beside_ours()


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
    report = api.verify(signed_by(authority.issue(**wanted), sound), trust=trust)
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
    parent = signed_by(authority.issue(**wanted), sound)
    child = api.compress(parent, quality=60, to="png", trust=trust).data
    report = api.verify(child, trust=trust)
    assert report.exit_code == 0
    assert [entry["state"] for entry in report.ingredients] == [state, "unsigned"]


@pytest.mark.parametrize("where", ["protected, after", "protected, before", "unprotected"])
def test_who_shows_the_certificates_of_somebody_else(
    where: str, sound: bytes, authority: Authority, trust: TrustStore
) -> None:
    """The C2PA library takes either of two headers for the chain; nobody may choose ours."""
    stranger = authority.issue(self_signed=True)
    trusted = chain(authority.issue())
    own = TEXT + chain(stranger)
    assert api.verify(signed_by(stranger, sound, own), trust=trust).exit_code == UNTRUSTED
    protected, other = {
        "protected, after": ((own, NUMBER + trusted), ()),
        "protected, before": ((NUMBER + trusted, own), ()),
        "unprotected": ((own,), (NUMBER + trusted,)),
    }[where]
    report = api.verify(signed_by(stranger, sound, *protected, unprotected=other), trust=trust)
    assert (report.exit_code, report.trusted, report.signer) == (INVALID, False, None)


@pytest.mark.parametrize(
    ("listed", "code"),
    [(b"\x81\x18\x21", 0), (b"\x82\x18\x21\x63odd", INVALID), (b"\x63odd", INVALID)],
    ids=["understood", "one that nobody knows", "no list"],
)
def test_a_critical_header_must_be_understood(
    listed: bytes, code: int, sound: bytes, authority: Authority, trust: TrustStore
) -> None:
    """RFC 9052, 3.1; the C2PA library minds none of them."""
    signer = authority.issue()
    headers = (b"\x02" + listed, NUMBER + chain(signer), b"\x63odd\x01")
    report = api.verify(signed_by(signer, sound, *headers), trust=trust)
    assert (report.exit_code, report.trusted) == (code, code == 0), report.steps
