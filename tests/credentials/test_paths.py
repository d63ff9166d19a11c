"""A CA speaks for those alone whom the CAs above it let it speak for (RFC 5280, 6.1)."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provenance.credentials import (
    Anchor,
    Identity,
    Purpose,
    TimeStamping,
    TrustStore,
    read,
    sign,
)
from provenance.credentials.certificates import (
    MAX_CHAIN,
    STAMP_USAGES,
    USAGES,
    check_chain,
    is_issued_by,
    leads_to,
    to_pem,
)
from provenance.credentials.name_constraints import permits
from provenance.errors import InputError, SigningError
from provenance.labels import Label

from ..time_stamps import time_stamps

if TYPE_CHECKING:
    from .conftest import Authority

Extensions = list[tuple[x509.ExtensionType, bool]]
Party = tuple[x509.Name, Any]


def _directory(**parts: str) -> x509.DirectoryName:
    return x509.DirectoryName(_name(**parts))


def _name(**parts: str) -> x509.Name:
    oids = {"O": NameOID.ORGANIZATION_NAME, "CN": NameOID.COMMON_NAME, "mail": _MAIL}
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in parts.items()])


_MAIL = NameOID.EMAIL_ADDRESS


def _permitted(*names: x509.GeneralName) -> x509.NameConstraints:
    return x509.NameConstraints(names, None)


def _excluded(*names: x509.GeneralName) -> x509.NameConstraints:
    return x509.NameConstraints(None, names)


_CA = x509.BasicConstraints(True, None)
_CA_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
_USAGE = x509.KeyUsage(True, False, False, False, False, False, False, False, False)


class Root:
    """A CA that allows any path below it."""

    def __init__(self, name: str = "Root") -> None:
        self.own = _name(O=name), ec.generate_private_key(ec.SECP256R1())
        certificate = _issue(self.own, self.own, [(_CA, True), (_CA_USAGE, True)])
        self.anchors = [Anchor("root", (certificate,), None)]

    def signer(
        self,
        extensions: Extensions,
        usages: tuple[x509.ExtensionType, bool] = (x509.ExtendedKeyUsage(USAGES), False),
    ) -> Identity:
        """Of the Example Press, below a CA with these extensions beside or instead of the usual."""
        given = {type(extension) for extension, _ in extensions}
        usual = [(entry, True) for entry in (_CA, _CA_USAGE) if type(entry) not in given]
        agency = _name(O="Agency"), ec.generate_private_key(ec.SECP256R1())
        desk = _name(O="Example Press", CN="Desk"), ec.generate_private_key(ec.SECP256R1())
        chain = (
            _issue(agency, desk, [(_USAGE, True), usages]),
            _issue(self.own, agency, [*usual, *extensions]),
        )
        return Identity(chain, "es256", desk[1])


def _issue(issuer: Party, subject: Party, extensions: Extensions) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject[0])
        .issuer_name(issuer[0])
        .public_key(subject[1].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=9))
        .add_extension(authority, False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer[1], hashes.SHA256())


@pytest.fixture(scope="module")
def root() -> Root:
    return Root()


@pytest.fixture(scope="module")
def signed(files: dict[str, bytes], label: Label, original: bytes) -> Callable[[Identity], bytes]:
    def made(signer: Identity) -> bytes:
        picture = files["image/png"], "image/png"
        return sign(*picture, label, signer, original=original, original_media_type="image/jpeg")

    return made


_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


@pytest.mark.parametrize(
    ("extensions", "why"),
    [
        ([(_permitted(_directory(O="Other Press")), True)], "name constraints"),
        ([(_excluded(_directory(O="example  PRESS")), True)], "name constraints"),
        ([(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)], "extended key usage"),
        ([(_UNKNOWN, True)], "1.2.3.4.5"),
        ([(x509.PolicyConstraints(0, None), True)], "2.5.29.36"),
        ([(x509.BasicConstraints(False, None), True)], "is no CA"),
    ],
    ids=["permitted", "excluded", "for servers", "unknown", "policy", "no CA"],
)
def test_what_a_ca_may_not_issue_is_not_trusted_and_not_signed_with(
    extensions: Extensions,
    why: str,
    root: Root,
    signed: Callable[[Identity], bytes],
) -> None:
    signer = root.signer(extensions)
    with pytest.raises(SigningError, match=f"certificate chain: O=Agency .*{why}"):
        check_chain(signer.chain, datetime.datetime.now(datetime.UTC))
    # Others may have signed with it all the same.
    credential = read(signed(signer), "image/png", root.anchors)
    assert credential is not None
    assert credential.valid and not credential.trusted and credential.trusted_by is None
    assert "untrusted" in credential.failures[0] and "time stamps" not in credential.failures[0]


@pytest.mark.parametrize(
    "extensions",
    [
        [],
        [(_permitted(_directory(O="Example Press")), True)],
        [(_permitted(x509.DNSName("example.org"), _directory(O="EXAMPLE press")), True)],
        [(_permitted(x509.RFC822Name("example.org")), True)],
        [(_excluded(_directory(O="Other Press")), True)],
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), True)],
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)],
        [(_UNKNOWN, False)],
    ],
)
def test_what_a_ca_may_issue_is_trusted(
    extensions: Extensions,
    root: Root,
    signed: Callable[[Identity], bytes],
) -> None:
    signer = root.signer(extensions)
    check_chain(signer.chain, datetime.datetime.now(datetime.UTC))
    credential = read(signed(signer), "image/png", root.anchors)
    assert credential is not None and credential.trusted_by == "root"


@pytest.mark.parametrize(
    ("extensions", "proven"),
    [
        ([], True),
        ([(_permitted(_directory(O="Example Press")), True)], True),
        ([(x509.ExtendedKeyUsage(STAMP_USAGES), False)], True),
        ([(_permitted(_directory(O="Other Press")), True)], False),
        ([(_excluded(_directory(O="Example Press")), True)], False),
        ([(x509.ExtendedKeyUsage(USAGES), False)], False),
    ],
    ids=["any", "permitted", "usage", "not permitted", "excluded", "other usage"],
)
def test_an_authority_stamps_the_time_only_where_its_cas_may_issue_it(
    extensions: Extensions,
    proven: bool,
    root: Root,
    authority: Authority,
    signed: Callable[[Identity], bytes],
    tmp_path: Path,
) -> None:
    stamper = root.signer(extensions, (x509.ExtendedKeyUsage(STAMP_USAGES), True))
    assert not callable(stamper.key)
    with time_stamps(tmp_path, stamper.chain, stamper.key) as url:
        data = signed(replace(authority.issue(), time_stamps=TimeStamping(url)))
    clock = Anchor("clock", root.anchors[0].certificates, None, Purpose.TIME_STAMPS)
    credential = read(data, "image/png", [*authority.trust.list(), clock])
    assert credential is not None and credential.trusted
    assert (credential.signed_at is not None) is proven


def test_who_may_issue_for_no_signer_is_no_anchor_for_signers(tmp_path: Path) -> None:
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    own = _name(O="Clock"), ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "clock.pem"
    file.write_bytes(to_pem([_issue(own, own, [(_CA, True), (_CA_USAGE, True), (usages, False)])]))
    store = TrustStore(tmp_path / "trust")
    with pytest.raises(InputError, match=r"clock\.pem: O=Clock .*extended key usage.*cannot"):
        store.add(file, "clock")
    assert store.list() == ()
    assert store.add(file, "clock", Purpose.TIME_STAMPS).name == "clock"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "RSA key of 1024 bits"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "curve secp256k1"),
    ],
)
def test_a_ca_with_a_weak_key_speaks_for_nobody(
    make: Callable[[], Any],
    why: str,
    root: Root,
    signed: Callable[[Identity], bytes],
    tmp_path: Path,
) -> None:
    weak, desk = (_name(O="Agency"), make()), (_name(O="Example Press"), root.own[1])
    usages: Extensions = [(_USAGE, True), (x509.ExtendedKeyUsage(USAGES), False)]
    ca: Extensions = [(_CA, True), (_CA_USAGE, True)]
    chain = _issue(weak, desk, usages), _issue(root.own, weak, ca)
    data = signed(Identity(chain, "es256", desk[1]))
    credential = read(data, "image/png", root.anchors)
    assert credential is not None and credential.valid and not credential.trusted
    with pytest.raises(SigningError, match=f"Agency .*{why}"):
        check_chain(chain, datetime.datetime.now(datetime.UTC))
    (tmp_path / "weak.pem").write_bytes(to_pem([_issue(weak, weak, ca)]))
    with pytest.raises(InputError, match=why):
        TrustStore(tmp_path / "trust").add(tmp_path / "weak.pem", "weak")


def test_a_ca_that_limits_no_usage_may_issue() -> None:
    own = _name(O="Old"), ec.generate_private_key(ec.SECP256R1())
    assert leads_to([_issue(own, own, [(_CA, True)])], _issue(own, own, [(_CA, True)]), None)


def test_a_chain_without_end_is_not_followed(
    root: Root, signed: Callable[[Identity], bytes]
) -> None:
    signer = root.signer([])
    leaf, ca = signer.chain
    for count, valid in ((MAX_CHAIN - 1, True), (MAX_CHAIN, False)):
        long = replace(signer, chain=(leaf, *[ca] * count))
        credential = read(signed(long), "image/png", root.anchors)
        assert credential is not None and credential.intact and credential.valid is valid
        assert ("not understood" in " ".join(credential.failures)) is not valid
    with pytest.raises(SigningError, match=f"more than {MAX_CHAIN}"):
        check_chain(long.chain, datetime.datetime.now(datetime.UTC))


def test_an_authority_of_others_is_asked_for_no_signature(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = root.signer([]).chain
    asked: list[x509.Certificate] = []

    def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        asked.append(issuer)
        return is_issued_by(certificate, issuer)

    monkeypatch.setattr("provenance.credentials.certificates.is_issued_by", issued)
    [other] = Root("Other").anchors[0].certificates
    assert not leads_to(chain, other, None)
    assert asked == [other, other]
    [own] = root.anchors[0].certificates
    assert leads_to(chain, own, None)


_DNS, _MAILBOX, _URI = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier
_NET = ipaddress.ip_network("10.0.0.0/8")


@pytest.mark.parametrize(
    ("name", "base", "within"),
    [
        (_DNS("press.example"), _DNS("press.example"), True),
        (_DNS("a.Press.Example"), _DNS("press.example"), True),
        (_DNS("xpress.example"), _DNS("press.example"), False),
        (_DNS("press.example"), _DNS(""), True),
        (_MAILBOX("desk@press.example"), _MAILBOX("desk@press.example"), True),
        (_MAILBOX("Desk@press.example"), _MAILBOX("desk@press.example"), False),
        (_MAILBOX("desk@press.example"), _MAILBOX("PRESS.example"), True),
        (_MAILBOX("desk@a.press.example"), _MAILBOX("press.example"), False),
        (_MAILBOX("desk@a.press.example"), _MAILBOX(".press.example"), True),
        (_URI("https://a.press.example/x"), _URI(".press.example"), True),
        (_URI("https://press.example.evil/x"), _URI("press.example"), False),
        (x509.IPAddress(ipaddress.ip_address("10.1.2.3")), x509.IPAddress(_NET), True),
        (x509.IPAddress(ipaddress.ip_address("11.1.2.3")), x509.IPAddress(_NET), False),
        (x509.IPAddress(ipaddress.ip_address("::1")), x509.IPAddress(_NET), False),
        (_directory(O="Press", CN="Desk"), _directory(O="press"), True),
        (_directory(O="Press", CN="Desk"), _directory(CN="Desk"), False),
    ],
)
def test_names_are_within_subtrees_or_not(
    name: x509.GeneralName, base: x509.GeneralName, within: bool
) -> None:
    certificate = _named(x509.SubjectAlternativeName([name]))
    assert permits(_permitted(base), certificate) == within
    assert permits(_excluded(base), certificate) != within


def test_a_constraint_that_is_not_understood_permits_nothing() -> None:
    name = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
    certificate = _named(x509.SubjectAlternativeName([name]))
    assert not permits(_permitted(name), certificate)
    assert not permits(_excluded(name), certificate)


def test_a_mail_address_in_the_subject_is_constrained_too() -> None:
    certificate = _named(None, _name(mail="desk@press.example"))
    assert permits(_permitted(_MAILBOX("press.example")), certificate)
    assert not permits(_permitted(_MAILBOX("other.example")), certificate)


def _named(names: x509.ExtensionType | None, subject: x509.Name | None = None) -> x509.Certificate:
    """Without a subject unless one is given."""
    own = subject or x509.Name([]), ec.generate_private_key(ec.SECP256R1())
    issuer = _name(O="Press"), own[1]
    return _issue(issuer, own, [(names, True)] if names else [])
