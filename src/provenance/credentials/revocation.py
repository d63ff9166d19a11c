"""Which certificates their CA takes back: by lists (CRL, RFC 5280, 5) and, in a signed file itself,
by answers about single ones (OCSP, RFC 6960).

Either can only take trust away, so what is out of date or covers only some certificates is still
believed about those that it names.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from ..errors import InputError
from .certificates import UNREADABLE, is_issued_by

MAX_CRL = 50_000_000
"""Largest list that is read, in bytes."""

_MAX_ANSWER = 20_000
"""Largest OCSP response that is read, in bytes; with its certificates one has some 2,000."""

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


@dataclass(frozen=True, slots=True)
class Staple:
    """What a CA, or a responder of its own, answered about certificates of one file's signature."""

    name: ClassVar[str] = "the OCSP response in the file"
    answer: ocsp.OCSPResponse

    def revoked_at(
        self, certificate: x509.Certificate, authorities: Iterable[x509.Certificate]
    ) -> datetime.datetime | None:
        """See `RevocationList.revoked_at`."""
        with suppress(*UNREADABLE):
            dates = [
                one.revocation_time_utc
                for one in self.answer.responses
                if one.certificate_status is ocsp.OCSPCertStatus.REVOKED
                and one.serial_number == certificate.serial_number
                and one.issuer_name_hash == _hash(certificate.issuer, one.hash_algorithm)
            ]
            issuers = (a for a in authorities if is_issued_by(certificate, a)) if dates else ()
            if any(self._is_by(issuer) for issuer in issuers):
                return min(date for date in dates if date)
        return None

    def _is_by(self, authority: x509.Certificate) -> bool:
        """Whether a CA signed this, or whom it lets do so (RFC 6960, 4.2.2.2)."""
        responders = (e for e in self.answer.certificates if _may_respond(e, authority))
        return any(_is_signed(self.answer, e.public_key()) for e in (authority, *responders))


Revocation = RevocationList | Staple
"""What may take a certificate back."""


def staples(answers: Iterable[bytes]) -> Iterator[Staple]:
    """Those OCSP responses that can be read and are none of failure."""
    for answer in answers:
        with suppress(*UNREADABLE):
            if len(answer) <= _MAX_ANSWER:
                read = ocsp.load_der_ocsp_response(answer)
                if read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
                    yield Staple(read)


def _may_respond(responder: x509.Certificate, authority: x509.Certificate) -> bool:
    with suppress(x509.ExtensionNotFound, *UNREADABLE):
        usages = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        return ExtendedKeyUsageOID.OCSP_SIGNING in usages and is_issued_by(responder, authority)
    return False


def _is_signed(answer: ocsp.OCSPResponse, key: Any) -> bool:
    signed = answer.signature, answer.tbs_response_bytes
    used: Any = answer.signature_hash_algorithm
    with suppress(InvalidSignature, *UNREADABLE):
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, ec.ECDSA(used))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(*signed, padding.PKCS1v15(), used)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(*signed)
        else:
            return False
        return True
    return False


def _hash(name: x509.Name, algorithm: hashes.HashAlgorithm) -> bytes:
    hashed = hashes.Hash(algorithm)
    hashed.update(name.public_bytes())
    return hashed.finalize()


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
    lists: Iterable[Revocation],
    signed_at: datetime.datetime | None,
) -> str | None:
    """Why a signer is not to be believed; None where nothing speaks against it.

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
