"""Certificate revocation lists by file (RFC 5280, 5): which certificates their CA takes back.

A list can only take trust away, so one that is out of date or covers only some certificates is
still believed about those that it names.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from ..errors import InputError
from .certificates import UNREADABLE, is_issued_by

MAX_CRL = 50_000_000
"""Largest list that is read, in bytes."""

_UNDERSTOOD = {ExtensionOID.ISSUING_DISTRIBUTION_POINT}
"""Critical extensions of lists that are understood."""

_PEM = b"-----BEGIN X509 CRL-----"


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A named list of one CA."""

    name: str
    crl: x509.CertificateRevocationList
    path: Path | None
    """Where it is kept; None for one that is not."""

    @property
    def issuer(self) -> str:
        """Distinguished name of the CA."""
        return self.crl.issuer.rfc4514_string()

    @property
    def next_update(self) -> datetime.datetime | None:
        """When the CA will have published a newer one."""
        return self.crl.next_update_utc

    def revoked_at(
        self, certificate: x509.Certificate, authorities: Iterable[x509.Certificate]
    ) -> datetime.datetime | None:
        """From when on a certificate is not to be believed; None where it is not on this list.

        Args:
            authorities: certificates among which its issuer is; whose list it is not, cannot
                take it back.
        """
        if certificate.issuer != self.crl.issuer:
            return None
        entry = self.crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is None:
            return None
        issuers = (a for a in authorities if is_issued_by(certificate, a))
        if not any(self.is_by(issuer) for issuer in issuers):
            return None
        return min(_dates(entry))

    def is_by(self, authority: x509.Certificate) -> bool:
        """Whether a CA signed this list."""
        try:
            return authority.subject == self.crl.issuer and self.crl.is_signature_valid(
                authority.public_key()  # type: ignore[arg-type]
            )
        except UNREADABLE:
            return False


def read_crl(data: bytes, source: object) -> x509.CertificateRevocationList:
    """A list in PEM or DER.

    Raises:
        InputError: It is none, or of a kind that is not understood; names ``source``.
    """
    try:
        if _PEM in data:
            if data.count(_PEM) > 1:
                raise InputError(f"{source}: holds several revocation lists; split them")
            crl = x509.load_pem_x509_crl(data)
        else:
            crl = x509.load_der_x509_crl(data)
        critical = [entry for entry in crl.extensions if entry.critical]
    except UNREADABLE as error:
        raise InputError(f"{source}: holds no revocation list (CRL) in PEM or DER") from error
    for entry in critical:
        if entry.oid not in _UNDERSTOOD:
            raise InputError(f"{source}: extension {entry.oid.dotted_string} is not understood")
        value = entry.value
        if isinstance(value, x509.IssuingDistributionPoint) and value.indirect_crl:
            raise InputError(f"{source}: is about other issuers too, which is not understood")
    return crl


def revoked(
    chain: Sequence[x509.Certificate],
    anchors: Iterable[x509.Certificate],
    lists: Iterable[RevocationList],
    signed_at: datetime.datetime | None,
) -> str | None:
    """Why a signer is not to be believed; None where no list speaks against it.

    Args:
        chain: leaf first.
        signed_at: when it signed, if that is proven; what was signed before stays good.
    """
    authorities = [*chain[1:], *anchors]
    for one in lists:
        for certificate in chain:
            at = one.revoked_at(certificate, authorities)
            if at is not None and (signed_at is None or at <= signed_at):
                name = certificate.subject.rfc4514_string()
                return f"{name} was taken back on {at:%Y-%m-%d}, says {one.name}"
    return None


def _dates(entry: x509.RevokedCertificate) -> list[datetime.datetime]:
    """Of the revocation, and since when the key may have been in other hands (RFC 5280, 5.3.2)."""
    dates = [entry.revocation_date_utc]
    try:
        found = entry.extensions.get_extension_for_class(x509.InvalidityDate)
        dates.append(found.value.invalidity_date_utc)
    except (x509.ExtensionNotFound, ValueError):
        pass
    return dates
