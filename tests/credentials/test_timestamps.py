"""Time stamps prove when a file was signed, and anchors for them prove nothing else."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.credentials import (
    Credential,
    Identity,
    Purpose,
    TimeStamping,
    TrustStore,
    read,
    sign,
)
from provenance.credentials.certificates import C2PA_SIGNING
from provenance.credentials.settings import library_settings
from provenance.errors import SigningError, UsageError
from provenance.labels import Label
from provenance.verification import HighestAge, Outcome, verify

from ..time_stamps import answering, counterfeit, time_stamps

if TYPE_CHECKING:
    from .conftest import Authority

Sign = Callable[..., bytes]
Read = Callable[[bytes, TrustStore], Credential]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of the time-stamp authority, which is nobody's signer."""
    from .conftest import Authority

    return Authority(tmp_path_factory.mktemp("clock"))


def _stamper(authority: Authority) -> Identity:
    return authority.issue(usages=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)


@pytest.fixture(scope="module")
def url(clock: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stamper = _stamper(clock)
    assert not callable(stamper.key)
    with time_stamps(tmp_path_factory.mktemp("tsa"), stamper.chain, stamper.key) as address:
        yield address


@pytest.fixture
def store(authority: Authority, clock: Authority, tmp_path: Path) -> TrustStore:
    """Trusts the authority's signers and the clock's time stamps."""
    trust = TrustStore(tmp_path / "trust")
    trust.add(authority.path, "press")
    trust.add(clock.path, "clock", Purpose.TIME_STAMPS)
    return trust


@pytest.fixture
def signing(files: dict[str, bytes], label: Label, original: bytes) -> Sign:
    def made(identity: Identity, url: str | None = None, **options: object) -> bytes:
        optional = bool(options.pop("optional", False))
        stamping = TimeStamping(url, optional) if url else None
        arguments = {"original": original, "original_media_type": "image/jpeg", **options}
        signer = dataclasses.replace(identity, time_stamps=stamping)
        return sign(files["image/png"], "image/png", label, signer, **arguments)  # type: ignore[arg-type]

    return made


def found(data: bytes, trust: TrustStore) -> Credential:
    credential = read(data, "image/png", trust)
    assert credential is not None and credential.intact
    return credential


def test_a_time_stamp_tells_when(
    signing: Sign, url: str, authority: Authority, store: TrustStore
) -> None:
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    credential = found(signing(authority.issue(), url), store)
    assert credential.trusted and credential.failures == ()
    assert credential.signed_at is not None
    assert before <= credential.signed_at <= datetime.datetime.now(datetime.UTC)
    assert found(signing(authority.issue()), store).signed_at is None


def test_a_key_elsewhere_is_time_stamped_too(
    signing: Sign, url: str, authority: Authority, store: TrustStore
) -> None:
    local = authority.issue()
    key = local.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    elsewhere = dataclasses.replace(
        local, key=lambda payload: key.sign(payload, ec.ECDSA(hashes.SHA256()))
    )
    assert found(signing(elsewhere, url), store).signed_at


def test_a_time_stamp_by_an_authority_that_is_not_listed_tells_nothing(
    signing: Sign, url: str, authority: Authority
) -> None:
    credential = found(signing(authority.issue(), url), authority.trust)
    assert credential.trusted and credential.signed_at is None


@pytest.fixture
def false_url(
    request: pytest.FixtureRequest, url: str, clock: Authority, tmp_path: Path
) -> Iterator[str]:
    """The address of one whose certificate, by the clock's CA, is for the usage of the test."""
    stamper = clock.issue(usages=request.param and [request.param], critical=True)
    assert not callable(stamper.key)
    with counterfeit(tmp_path, url, stamper.chain, stamper.key) as address:
        yield address


OTHER_USAGES = [ExtendedKeyUsageOID.EMAIL_PROTECTION, C2PA_SIGNING, None]


@pytest.mark.parametrize("false_url", [ExtendedKeyUsageOID.TIME_STAMPING], indirect=True)
def test_a_time_stamp_that_openssl_cms_signed_is_one(
    signing: Sign, false_url: str, authority: Authority, store: TrustStore
) -> None:
    assert found(signing(authority.issue(), false_url), store).signed_at


@pytest.mark.parametrize("false_url", OTHER_USAGES, indirect=True)
def test_a_certificate_that_is_for_something_else_stamps_no_time(
    signing: Sign,
    false_url: str,
    authority: Authority,
    store: TrustStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SigningError, match=f"{false_url}: its certificate is not for time stamps"):
        signing(authority.issue(), false_url)
    notes: list[str] = []
    data = signing(authority.issue(), false_url, optional=True, note=notes.append)
    assert "not for time stamps; signed without one" in notes[0]
    assert found(data, store).trusted
    # One that another tool took for a time stamp tells nothing.
    monkeypatch.setattr(
        "provenance.credentials.signing.library_settings",
        lambda anchors: library_settings(anchors).replace(
            '"verify_after_sign": true', '"verify_after_sign": false'
        ),
    )
    credential = found(signing(authority.issue(), false_url), store)
    assert credential.signed_at is None and not credential.trusted


def _soon_expired(authority: Authority) -> Identity:
    """A signer whose certificate ends in three seconds."""
    return authority.issue(days=(-1, 3 / 86400))


def test_an_expired_certificate_stays_trusted_by_its_time_stamp_alone(
    signing: Sign,
    url: str,
    authority: Authority,
    clock: Authority,
    store: TrustStore,
    tmp_path: Path,
) -> None:
    plain = signing(_soon_expired(authority))
    stamped = signing(_soon_expired(authority), url)
    time.sleep(4)
    assert found(stamped, store).trusted
    for data, trust in ((plain, store), (stamped, authority.trust)):
        credential = found(data, trust)
        assert not credential.valid and not credential.trusted
        assert "signingCredential.expired" in " ".join(credential.failures)
    # An authority for signers is none for time stamps, whatever the library thinks.
    mixed = TrustStore(tmp_path / "mixed")
    mixed.add(authority.path, "press")
    mixed.add(clock.path, "clock")
    credential = found(stamped, mixed)
    assert credential.signed_at is None
    assert not credential.valid and not credential.trusted
    assert "no trusted time stamp" in " ".join(credential.failures)


def test_verify_tells_when_in_a_step_of_its_own(
    signing: Sign, url: str, authority: Authority, store: TrustStore
) -> None:
    lately = HighestAge(datetime.timedelta(days=1))
    stamped, plain = signing(_soon_expired(authority), url), signing(_soon_expired(authority))
    time.sleep(4)

    report = verify(stamped, "stamped", store, policy=lately)
    steps = {step.name: step.outcome for step in report.steps}
    assert steps["certificate"] is steps["time stamp"] is steps["policy"] is Outcome.PASSED
    assert report.trusted and report.policy_met and report.signed_at

    report = verify(plain, "plain", store, policy=lately)
    steps = {step.name: step.outcome for step in report.steps}
    assert steps["certificate"] is steps["policy"] is Outcome.FAILED
    assert steps["time stamp"] is steps["trust"] is Outcome.SKIPPED
    assert report.intact and not report.valid and report.exit_code == 4


def test_an_anchor_for_time_stamps_makes_no_signer_trusted(
    signing: Sign, authority: Authority, tmp_path: Path
) -> None:
    trust = TrustStore(tmp_path / "trust")
    trust.add(authority.path, "clock", Purpose.TIME_STAMPS)
    parent = signing(authority.issue())
    credential = found(parent, trust)
    assert credential.valid and not credential.trusted and credential.trusted_by is None
    assert "for time stamps only" in credential.failures[0]
    # Nor one that was used for an earlier generation, even where it was recorded as trusted.
    for recorded in (trust, authority.trust):
        child = signing(
            authority.issue(), original=parent, original_media_type="image/png", trust=recorded
        )
        states = [entry.state for entry in found(child, trust).ingredients]
        assert "untrusted" in states and "trusted" not in states


def test_an_anchor_may_serve_both(signing: Sign, authority: Authority, tmp_path: Path) -> None:
    stamper = _stamper(authority)
    assert not callable(stamper.key)
    trust = TrustStore(tmp_path / "trust")
    trust.add(authority.path, "a-clock", Purpose.TIME_STAMPS)
    trust.add(authority.path, "press")
    with time_stamps(tmp_path, stamper.chain, stamper.key) as url:
        data = signing(authority.issue(), url)
    for _ in range(8):  # the library names one of the two by chance
        credential = found(data, trust)
        assert credential.trusted_by == "press" and credential.signed_at


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (b"", 503, "status = 503"),
        (b"\x30\x03\x02\x01\x00", 200, "decode error"),
        (bytes.fromhex("30053003020102"), 200, "unable to find signed data"),
    ],
    ids=["busy", "noise", "rejection"],
)
def test_without_an_answer_nothing_is_signed_unless_that_was_allowed(
    reply: bytes, code: int, message: str, signing: Sign, authority: Authority, store: TrustStore
) -> None:
    notes: list[str] = []
    with answering(lambda _: reply, code) as url:
        with pytest.raises(SigningError, match=message) as caught:
            signing(authority.issue(), url, note=notes.append)
        assert url in str(caught.value) and notes == []
        data = signing(authority.issue(), url, optional=True, note=notes.append)
    (note,) = notes
    assert message in note and note.endswith("signed without one")
    credential = found(data, store)
    assert credential.trusted and credential.signed_at is None
    assert [entry.failures for entry in credential.ingredients] == [()]


def test_an_authority_that_is_down(signing: Sign, authority: Authority) -> None:
    with pytest.raises(SigningError, match=r"no time stamp by http://127\.0\.0\.1:9/: .*request"):
        signing(authority.issue(), "http://127.0.0.1:9/")


def test_a_time_stamp_of_something_else_is_refused(
    signing: Sign, url: str, authority: Authority
) -> None:
    import urllib.request

    kept: list[bytes] = []

    def first(query: bytes) -> bytes:
        if not kept:
            headers = {"Content-Type": "application/timestamp-query"}
            with urllib.request.urlopen(urllib.request.Request(url, query, headers)) as answer:
                kept.append(answer.read())
        return kept[0]

    with answering(first) as replaying:
        signing(authority.issue(), replaying)
        with pytest.raises(SigningError, match="nonce mismatch"):
            signing(authority.issue(), replaying)


def test_a_refusal_of_the_key_is_not_taken_for_one_of_the_clock(
    signing: Sign, url: str, authority: Authority
) -> None:
    def elsewhere(_payload: bytes) -> bytes:
        raise OSError("card was pulled out")

    identity = dataclasses.replace(authority.issue(), key=elsewhere)
    with pytest.raises(SigningError, match="card was pulled out"):
        signing(identity, url, optional=True)


@pytest.mark.parametrize("url", ["", "tsa.example", "ftp://tsa.example", "http://", "http://x:y/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError, match="http"):
        TimeStamping(url)
