"""What a revocation list takes back, and what it cannot."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.credentials import (
    Credential,
    Identity,
    Purpose,
    TimeStamping,
    TrustStore,
    read,
)
from provenance.errors import InputError, OutputError

from ..time_stamps import time_stamps

if TYPE_CHECKING:
    from .conftest import Authority, Signing

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def crl(
    authority: Authority,
    *revoked: Identity,
    at: datetime.datetime = NOW - DAY,
    since: datetime.datetime | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    """A list by an authority, in DER; ``since``: when the keys got into other hands."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
    )
    if extension:
        builder = builder.add_extension(extension, critical=True)
    for identity in revoked:
        number = identity.chain[0].serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(at)
        if since:
            entry = entry.add_extension(x509.InvalidityDate(since), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key or authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture
def store(authority: Authority, tmp_path: Path) -> TrustStore:
    trust = TrustStore(tmp_path / "trust")
    trust.add(authority.path, "press")
    return trust


@pytest.fixture
def revoke(store: TrustStore, tmp_path: Path) -> Callable[[bytes], object]:
    def added(data: bytes) -> object:
        path = tmp_path / "press.crl"
        path.write_bytes(data)
        return store.revoke(path, "list", replace=True)

    return added


def found(data: bytes, trust: TrustStore) -> Credential:
    credential = read(data, "image/png", trust)
    assert credential is not None and credential.intact
    return credential


def test_what_a_revoked_certificate_signed_is_not_valid(
    authority: Authority, store: TrustStore, signing: Signing, revoke: Callable[[bytes], object]
) -> None:
    bad, good = authority.issue(), authority.issue()
    data = signing(bad)
    assert found(data, store).trusted
    revoke(crl(authority, bad))
    credential = found(data, store)
    assert not credential.valid and not credential.trusted and credential.trusted_by is None
    (failure,) = credential.failures
    assert failure.startswith("signingCredential.revoked") and "says list" in failure
    assert found(signing(good), store).trusted
    store.remove("list")
    assert found(data, store).trusted


def test_a_parent_by_a_revoked_signer_is_not_trusted(
    authority: Authority, store: TrustStore, signing: Signing, revoke: Callable[[bytes], object]
) -> None:
    bad, good = authority.issue(), authority.issue()
    data = signing(good, signing(bad))
    assert "trusted" in [entry.state for entry in found(data, store).ingredients]
    revoke(crl(authority, bad))
    credential = found(data, store)
    assert credential.trusted and credential.history_intact
    assert sorted(entry.state for entry in credential.ingredients) == ["unsigned", "untrusted"]


def test_a_list_by_somebody_else_takes_nothing_back(
    authority: Authority, store: TrustStore, signing: Signing, tmp_path: Path
) -> None:
    signer = authority.issue()
    data = signing(signer)
    forged = tmp_path / "forged.crl"
    forged.write_bytes(crl(authority, signer, key=ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(InputError, match=r"forged\.crl: is not signed by CN=Test CA"):
        store.revoke(forged, "forged")
    # Nor if it was there before the anchor could tell.
    early = TrustStore(tmp_path / "early")
    early.revoke(forged, "forged")
    early.add(authority.path, "press")
    assert found(data, early).trusted


def test_what_was_proven_to_be_signed_before_stays_valid(
    authority: Authority,
    store: TrustStore,
    signing: Signing,
    revoke: Callable[[bytes], object],
    tmp_path: Path,
) -> None:
    from .conftest import Authority as Clock

    folder = tmp_path / "clock"
    folder.mkdir()
    clock = Clock(folder)
    stamper = clock.issue(usages=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
    assert not callable(stamper.key)
    signer = authority.issue()
    with time_stamps(folder, stamper.chain, stamper.key) as url:
        data = signing(dataclasses.replace(signer, time_stamps=TimeStamping(url)))
    revoke(crl(authority, signer, at=NOW + DAY / 2))
    assert not found(data, store).valid  # nobody here believes that clock
    store.add(clock.path, "clock", Purpose.TIME_STAMPS)
    assert found(data, store).trusted
    revoke(crl(authority, signer, at=NOW + DAY / 2, since=NOW - DAY))
    assert not found(data, store).valid
    revoke(crl(authority, signer, at=NOW - DAY))
    assert not found(data, store).valid


def test_lists_are_named_replaced_and_removed(
    authority: Authority, store: TrustStore, tmp_path: Path
) -> None:
    path = tmp_path / "press.crl"
    loaded = x509.load_der_x509_crl(crl(authority, authority.issue()))
    path.write_bytes(loaded.public_bytes(Encoding.PEM))
    added = store.revoke(path, "list")
    assert (added.issuer, len(added.crl)) == ("CN=Test CA,O=Test Authority", 1)
    assert [one.name for one in store.revocation_lists()] == ["list"]
    with pytest.raises(OutputError, match="taken"):
        store.revoke(path, "list")
    with pytest.raises(OutputError, match="taken"):
        store.revoke(path, "press", replace=True)
    path.write_bytes(crl(authority))
    assert len(store.revoke(path, "list", replace=True).crl) == 0
    with pytest.raises(InputError, match="a name has"):
        store.revoke(path, "../list")
    store.remove("list")
    assert store.revocation_lists() == ()


def test_files_that_are_no_list(authority: Authority, store: TrustStore, tmp_path: Path) -> None:
    path = tmp_path / "press.crl"
    whole = x509.load_der_x509_crl(crl(authority)).public_bytes(Encoding.PEM)
    other = crl(
        authority,
        extension=x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
    )
    delta = crl(authority, extension=x509.DeltaCRLIndicator(1))
    for data, message in (
        (b"no", "holds no revocation list"),
        (authority.path.read_bytes(), "holds no revocation list"),
        (whole * 2, "several"),
        (other, "other issuers"),
        (delta, r"2\.5\.29\.27 is not understood"),
    ):
        path.write_bytes(data)
        with pytest.raises(InputError, match=rf"press\.crl: .*{message}"):
            store.revoke(path, "list")
    assert store.revocation_lists() == ()
    partial = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    path.write_bytes(crl(authority, extension=partial))
    assert store.revoke(path, "list")


def test_a_broken_list_is_not_an_empty_one(store: TrustStore, tmp_path: Path) -> None:
    folder = tmp_path / "trust" / "revoked"
    folder.mkdir()
    (folder / "list.crl").write_text("nothing")
    with pytest.raises(InputError, match=r"list\.crl"):
        store.revocation_lists()
