"""What a CA answered about a signer (OCSP), in the file itself, takes back and proves nothing."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provenance.credentials import Credential, Identity, Purpose, TimeStamping, read
from provenance.credentials.cose import _decode
from provenance.credentials.revocation import revoked, staples
from provenance.credentials.signatures import made

from ..cose import answers, content, stamps, with_headers
from ..manifests import created, updated
from ..time_stamps import time_stamps
from .conftest import Authority, Signing

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


def answer(
    about: x509.Certificate,
    issuer: x509.Certificate,
    key: Any,
    status: ocsp.OCSPCertStatus = REVOKED,
    *,
    at: datetime.datetime = NOW - DAY,
    responder: Identity | None = None,
    days: tuple[int, int] = (-1, 1),
) -> bytes:
    """By an issuer, or by whom it lets answer; ``days``: from and until, counted from now."""
    hashed = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about,
        issuer=issuer,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=NOW + days[0] * DAY,
        next_update=NOW + days[1] * DAY,
        revocation_time=at if status is REVOKED else None,
        revocation_reason=None,
    )
    encoding = ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, responder.chain[0] if responder else issuer)
    if responder:
        builder = builder.certificates([responder.chain[0]])
    return builder.sign(key, hashed).public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def given(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Given:
    return Given(authority, Authority(tmp_path_factory.mktemp("stranger")))


class Given:
    """A signer, and answers about it and others."""

    def __init__(self, authority: Authority, stranger: Authority) -> None:
        self.signer = signer = authority.issue()
        key = signer.key
        assert not callable(key)
        # For a key that is elsewhere the library leaves room, for answers too.
        self.elsewhere = dataclasses.replace(signer, key=lambda what: made(what, key, "es256"))
        about, ca = self.signer.chain[0], authority.certificate
        usage = [ExtendedKeyUsageOID.OCSP_SIGNING]
        ours, theirs = authority.issue(usages=usage), stranger.issue(usages=usage)
        failed = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        self.answers = {
            "CA": answer(about, ca, authority.key),
            "responder": answer(about, ca, ours.key, responder=ours),
            "old": answer(about, ca, authority.key, days=(-9, -8)),
            "good": answer(about, ca, authority.key, GOOD),
            "stranger": answer(about, ca, theirs.key, responder=theirs),
            "other": answer(authority.issue().chain[0], ca, authority.key),
            "failed": failed.public_bytes(Encoding.DER),
            "noise": b"noise",
            "long": answer(about, ca, authority.key) + bytes(20_000),
        }


def found(data: bytes, authority: Authority) -> Credential:
    credential = read(data, "image/png", authority.trust)
    assert credential is not None and credential.intact
    return credential


@pytest.mark.parametrize(
    ("which", "trusted"),
    [
        *((name, False) for name in ("CA", "responder", "old")),
        *((name, False) for name in ("good CA", "stranger CA", "noise CA", "CA good")),
        *((name, True) for name in ("", "good", "stranger", "other", "failed", "noise")),
    ],
)
def test_whoever_issued_the_certificate_takes_it_back(
    which: str, trusted: bool, given: Given, authority: Authority, signing: Signing
) -> None:
    said = [given.answers[name] for name in which.split()]
    credential = found(with_headers(signing(given.elsewhere), answers(*said)), authority)
    assert (credential.valid, credential.trusted) == (trusted, trusted), credential.failures
    told = [entry for entry in credential.failures if "revoked" in entry]
    assert bool(told) != trusted


def test_answers_without_end_are_not_read(given: Given, authority: Authority) -> None:
    assert not list(staples([given.answers["long"]]))


def test_a_parent_is_taken_back_too(
    given: Given, authority: Authority, files: dict[str, bytes]
) -> None:
    parent = created(files["image/png"], "image/png", given.signer, [])
    for said, states in (([], ["trusted"]), ([given.answers["CA"]], ["untrusted"])):
        below = with_headers(parent, answers(*said))
        data = updated(below, "image/png", authority.issue(), authority.trust.list())
        credential = found(data, authority)
        assert [entry.state for entry in credential.ingredients] == states
        assert credential.valid == credential.trusted == (not said)


def test_what_was_proven_to_be_signed_before_stays_valid(
    authority: Authority, signing: Signing, tmp_path: Path
) -> None:
    clock = Authority(tmp_path)
    stamper = clock.issue(usages=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
    assert not callable(stamper.key)
    signer = authority.issue()
    with time_stamps(tmp_path, stamper.chain, stamper.key) as url:
        data = signing(dataclasses.replace(signer, time_stamps=TimeStamping(url)))
    [token] = _decode(content(data, b"c2pa.signature"), 0, 0)[0][1]["sigTst2"]["tstTokens"]
    both = [*authority.trust.list(), *_clocks(clock)]
    for at, good in ((NOW + DAY / 2, True), (NOW - DAY, False)):
        said = answer(signer.chain[0], authority.certificate, authority.key, at=at)
        stamped = with_headers(data, stamps(b"sigTst2", token["val"]), answers(said))
        credential = read(stamped, "image/png", both)
        assert credential is not None and credential.trusted == good
        assert not found(stamped, authority).valid  # nobody here believes that clock


def _clocks(clock: Authority) -> tuple[Any, ...]:
    anchors = clock.trust.list()
    return tuple(dataclasses.replace(entry, purpose=Purpose.TIME_STAMPS) for entry in anchors)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["EC", "RSA", "Ed25519"],
)
def test_answers_by_every_kind_of_key(key: Any, authority: Authority) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
    hashed = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    ca, other = (
        x509.CertificateBuilder(name, name, one, number, NOW - DAY, NOW + DAY).sign(key, hashed)
        for number, one in ((1, key.public_key()), (2, authority.key.public_key()))
    )
    said = answer(other, ca, key)
    assert revoked([other], [ca], staples([said]), None)
    changed = bytearray(said)
    changed[-1] ^= 1
    assert not revoked([other], [ca], staples([bytes(changed)]), None)
