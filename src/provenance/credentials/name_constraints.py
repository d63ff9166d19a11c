"""Name constraints: for whom a CA may issue certificates at all (RFC 5280, 4.2.1.10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID


def permits(constraints: x509.NameConstraints, certificate: x509.Certificate) -> bool:
    """Whether a certificate's names are within all permitted and no excluded subtrees.

    A name of a form that is constrained in a way that is not understood is not permitted.

    Raises:
        ValueError: Its names cannot be read.
    """
    names = list(_names(certificate))
    for name in names:
        if any(_within(name, base) is not False for base in constraints.excluded_subtrees or ()):
            return False
        alike = [base for base in constraints.permitted_subtrees or () if type(base) is type(name)]
        if alike and not any(_within(name, base) for base in alike):
            return False
    return True


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    """The subject, mail addresses in it, and the alternative names."""
    if certificate.subject.rdns:
        yield x509.DirectoryName(certificate.subject)
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
        yield x509.RFC822Name(str(attribute.value))
    with suppress(x509.ExtensionNotFound):
        yield from certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _within(name: x509.GeneralName, base: x509.GeneralName) -> bool | None:
    """Whether a name is within a subtree, False for one of another form; None: not understood."""
    if type(name) is not type(base):
        return False
    match name.value, base.value:
        case x509.Name() as one, x509.Name() as other:
            above = [_folded(rdn) for rdn in other.rdns]
            return [_folded(rdn) for rdn in one.rdns][: len(above)] == above
        case (
            ipaddress.IPv4Address() | ipaddress.IPv6Address() as address,
            ipaddress.IPv4Network() | ipaddress.IPv6Network() as network,
        ):
            return address in network
        case _, "":
            return True
        case str() as one, str() as other if isinstance(name, x509.DNSName):
            return _is_host(one, other) or _is_host(one, f".{other.lstrip('.')}")
        case str() as one, str() as other if isinstance(name, x509.RFC822Name):
            local, _, host = one.rpartition("@")
            owner, at, domain = other.rpartition("@")
            return _is_host(host, domain) and (not at or local == owner)
        case str() as one, str() as other if isinstance(name, x509.UniformResourceIdentifier):
            return _is_host(urlsplit(one).hostname or "", other)
    return None


def _is_host(host: str, domain: str) -> bool:
    """Whether it is that host or, where that begins with a dot, one below it."""
    host, domain = host.lower(), domain.lower()
    return host.endswith(domain) if domain.startswith(".") else host == domain


def _folded(rdn: x509.RelativeDistinguishedName) -> set[tuple[x509.ObjectIdentifier, str]]:
    """For a comparison without case and runs of spaces (RFC 5280, 7.1)."""
    return {(part.oid, " ".join(str(part.value).split()).casefold()) for part in rdn}
