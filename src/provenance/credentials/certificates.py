"""X.509 certificates for C2PA signers: made, read and checked.

What a signer's certificate must be is in C2PA 2.2, 14.5.1: version 3, subject and authority key
identifiers, ``digitalSignature``, an accepted extended key usage, no CA. Other readers also demand
an organisation in the subject, so it is demanded here.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from ..errors import InputError, SigningError
from .name_constraints import permits

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

C2PA_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
USAGES = (ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING, C2PA_SIGNING)
"""Extended key usages that make a signer acceptable."""

STAMP_USAGES = (ExtendedKeyUsageOID.TIME_STAMPING,)
"""And who stamps the time."""

Usages = tuple[x509.ObjectIdentifier, ...]

_ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE

_NEEDED = {
    ExtensionOID.KEY_USAGE: "key usage",
    ExtensionOID.EXTENDED_KEY_USAGE: "extended key usage",
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: "authority key identifier",
}
"""Extensions of a signer's certificate."""

_UNDERSTOOD = {
    *_NEEDED,
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    # They name a key, or tell where to look, and limit nothing.
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    # Nobody here demands a policy, so that one holds or not says nothing.
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.POLICY_MAPPINGS,
    ExtensionOID.INHIBIT_ANY_POLICY,
}
"""Those that may be critical."""

CA_DAYS = 3650
LEAF_DAYS = 730

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
MAX_PEM = 1_000_000
"""Largest file of keys or certificates that is read, in bytes."""

MAX_CHAIN = 16
"""Most certificates that a signature may bring; three are usual."""

_MOST_CERTIFICATES = 1000
_LONGEST_NAME = 64
"""RFC 5280, appendix A.1; the CA's own name needs three more than the signer's, hence 60."""

UNREADABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What asking a certificate may raise that was altered, or is of a kind that nobody here knows: its
parts are parsed when they are asked for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names, and which one it is."""

    organisation: str | None
    common_name: str | None
    issuer: str
    """Distinguished name of who issued it, as RFC 4514 writes it."""
    serial: str
    """Serial number in hexadecimal."""
    sha256: str
    """Fingerprint of the certificate in hexadecimal."""


def subject_of(certificate: x509.Certificate) -> Subject:
    """The facts that people compare."""
    return Subject(
        _named(certificate.subject, NameOID.ORGANIZATION_NAME),
        _named(certificate.subject, NameOID.COMMON_NAME),
        certificate.issuer.rfc4514_string(),
        f"{certificate.serial_number:x}",
        certificate.fingerprint(hashes.SHA256()).hex(),
    )


def from_der(data: bytes) -> x509.Certificate:
    """A stranger's certificate, all of whose parts can be read.

    Raises:
        ValueError: It has one that cannot.
    """
    try:
        certificate = x509.load_der_x509_certificate(data)
        subject_of(certificate)
        certificate.public_key()
        list(certificate.extensions)
    except UNREADABLE as error:
        raise ValueError(f"certificate: cannot be read: {error}") from error
    return certificate


def read_pem(data: bytes, source: object) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file, in its order.

    Raises:
        InputError: It holds none, or one that is broken; names ``source``.
    """
    try:
        found = tuple(x509.load_pem_x509_certificates(data))
    except UNREADABLE as error:
        raise InputError(f"{source}: holds no readable PEM certificate") from error
    if len(found) > _MOST_CERTIFICATES:
        raise InputError(f"{source}: holds more than {_MOST_CERTIFICATES} certificates")
    return found


def to_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """The certificates one after the other."""
    return b"".join(entry.public_bytes(serialization.Encoding.PEM) for entry in certificates)


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether it may issue others (RFC 5280, 4.2.1.9)."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    return constraints.value.ca


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature say so."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def chain_of(
    leaf: x509.Certificate, others: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """From the leaf up, each followed by its issuer, as far as the others, in any order, go."""
    chain, rest = [leaf], list(others)
    while above := [entry for entry in rest if is_issued_by(chain[-1], entry)]:
        chain.append(above[0])
        rest.remove(above[0])
    return tuple(chain)


def leads_to(
    chain: Sequence[x509.Certificate],
    authority: x509.Certificate,
    at: datetime.datetime | None,
    usages: Usages = USAGES,
) -> bool:
    """Whether a chain, leaf first, leads to an authority (RFC 5280, 6.1): every issuer may issue
    certificates for one of these usages with these names, in its time, and no longer a path than it
    allows.

    Args:
        at: when; None leaves the time out.
    """
    # Of most authorities the name alone tells that they issued none of these.
    ends = (end for end, entry in enumerate(chain, 1) if is_issued_by(entry, authority))
    return any(_fault((*chain[:end], authority), at, usages) is None for end in ends)


def stamps_lead_to(certificates: Sequence[x509.Certificate], authority: x509.Certificate) -> bool:
    """Whether every certificate that a time stamp brings, but those of CAs, leads to an authority
    that may issue it: which of them made the stamp, only its signature tells."""
    stampers = [entry for entry in certificates if not is_ca(entry)]
    return bool(stampers) and all(
        leads_to(chain_of(entry, certificates), authority, None, STAMP_USAGES) for entry in stampers
    )


def _fault(
    path: Sequence[x509.Certificate], at: datetime.datetime | None, usages: Usages = USAGES
) -> str | None:
    """Which issuer, in words, may not stand above those before it; None where all may."""
    for depth, (issued, issuer) in enumerate(itertools.pairwise(path), 1):
        if not is_issued_by(issued, issuer):
            name = issued.subject.rfc4514_string()
            return f"{name} is not issued by the next; give the signer's own first"
        if why := forbidden(path[:depth], issuer, at, usages):
            return f"{issuer.subject.rfc4514_string()} {why}"
    return None


def forbidden(
    below: Sequence[x509.Certificate],
    issuer: x509.Certificate,
    at: datetime.datetime | None,
    usages: Usages = USAGES,
) -> str | None:
    """Why an issuer may not stand above these, in words; None where it may.

    Args:
        below: leaf first, down from the one that it issued; none: above anybody at all.
        at: when; None leaves the time out.
    """
    try:
        found = {type(entry.value): entry.value for entry in issuer.extensions}
        unknown = [e.oid for e in issuer.extensions if e.critical and e.oid not in _UNDERSTOOD]
        constraints, usage = found.get(x509.BasicConstraints), found.get(x509.KeyUsage)
        extended, names = found.get(x509.ExtendedKeyUsage), found.get(x509.NameConstraints)
        if not (isinstance(constraints, x509.BasicConstraints) and constraints.ca):
            return "is no CA"
        # Whoever does not limit the usage of a key allows any.
        if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
            return "may not sign certificates: its key usage lacks keyCertSign"
        if unknown:
            return f"has a critical extension that is not understood: {unknown[0].dotted_string}"
        if isinstance(extended, x509.ExtendedKeyUsage) and not {*usages, _ANY} & {*extended}:
            whom = "signers" if usages is USAGES else "time stamps"
            return f"may issue no certificates for {whom}: see its extended key usage"
        algorithm_of(issuer.public_key())
        if constraints.path_length is not None and len(below) - 1 > constraints.path_length:
            return "allows no such long path below it"
        if isinstance(names, x509.NameConstraints):
            for certificate in below:
                if not permits(names, certificate):
                    name = certificate.subject.rfc4514_string()
                    return f"may not issue for {name}: see its name constraints"
    except SigningError as error:
        return f"has a key that is not good enough: {error}"
    except UNREADABLE:
        return "cannot be read"
    if at is not None and not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
        return f"is only valid from {issuer.not_valid_before_utc} to {issuer.not_valid_after_utc}"
    return None


def algorithm_of(key: object) -> str:
    """The C2PA name of the signature algorithm that a key signs with.

    Args:
        key: public or private.

    Raises:
        SigningError: A kind, curve or size that C2PA does not allow.
    """
    if isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise SigningError(f"RSA key of {key.key_size} bits: at least 2048 are needed")
        return "ps256"
    if not isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        raise SigningError("keys of this kind cannot sign; use P-256, P-384, Ed25519 or RSA")
    name = _CURVES.get(key.curve.name)
    if name is None:
        raise SigningError(f"curve {key.curve.name}: use P-256, P-384, P-521 or Ed25519")
    return name


def check_chain(chain: Sequence[x509.Certificate], now: datetime.datetime) -> None:
    """Refuse before signing what verifiers would refuse after it.

    Args:
        chain: leaf first.

    Raises:
        SigningError: Says which demand is not met.
    """
    try:
        _check_chain(chain, now)
    except UNREADABLE as error:
        raise SigningError(f"certificate chain: cannot be read: {error}") from error


def _check_chain(chain: Sequence[x509.Certificate], now: datetime.datetime) -> None:
    leaf = chain[0]
    if len(chain) > MAX_CHAIN:
        raise SigningError(f"certificate chain: has more than {MAX_CHAIN} certificates")
    if fault := _fault(chain, now):
        raise SigningError(f"certificate chain: {fault}")
    name = leaf.subject.rfc4514_string()
    if problem := unfit(leaf):
        raise SigningError(f"certificate {name}: {problem}")
    if now < leaf.not_valid_before_utc:
        raise SigningError(f"certificate {name}: valid only from {leaf.not_valid_before_utc}")
    if now > leaf.not_valid_after_utc:
        raise SigningError(f"certificate {name}: expired at {leaf.not_valid_after_utc}")


def unfit(leaf: x509.Certificate) -> str | None:
    """Why a certificate may sign at no time, in words; None where it may."""
    if not (_named(leaf.subject, NameOID.ORGANIZATION_NAME) or "").strip():
        return "its subject has no organisation (O)"
    if is_ca(leaf):
        return "is a CA; the signer's own belongs first"
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound as error:
        return f"not made for C2PA: has no {_NEEDED[error.oid]}"
    for extension in leaf.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            return f"its critical extension {extension.oid.dotted_string} is not understood"
    if not usage.digital_signature:
        return "key usage lacks digitalSignature"
    if not any(entry in USAGES for entry in extended):
        return "extended key usage lacks emailProtection"
    return None


def make_ca(organisation: str, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A self-signed CA for one machine, valid for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(organisation, f"{name} CA")
    builder = _builder(subject, subject, key, key, CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(ca=True), critical=True)
    return builder.sign(key, hashes.SHA256()), key


def make_leaf(
    organisation: str, name: str, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """An ES256 signer's certificate, valid for two years."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(organisation, name), ca.subject, key, ca_key, LEAF_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(_usage(ca=False), critical=True)
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, C2PA_SIGNING])
    builder = builder.add_extension(usages, critical=False)
    return builder.sign(ca_key, hashes.SHA256()), key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    days: int,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A verifier whose clock is a little behind must not call it "not yet valid".
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(authority, critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(organisation: str, name: str) -> x509.Name:
    if not organisation.strip() or not name.strip():
        raise InputError("an identity needs both an organisation and a name")
    if max(len(organisation), len(name)) > _LONGEST_NAME:
        raise InputError("names of an identity have at most 60 characters")
    try:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
    except ValueError as error:
        raise InputError(f"name of the identity: {error}") from error


def _named(name: x509.Name, kind: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(kind)
    return str(found[0].value) if found else None
