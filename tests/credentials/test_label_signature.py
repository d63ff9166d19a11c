"""The label's own signature: what it survives, and what it never lets pass."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import random
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provenance.binding import PIXELS, Binding
from provenance.credentials import (
    Anchor,
    Identity,
    LabelSignature,
    RevocationList,
    TrustStore,
    check_label_signature,
    sign_label,
)
from provenance.credentials.certificates import PrivateKey, algorithm_of
from provenance.credentials.signatures import made
from provenance.credentials.trust import Purpose
from provenance.errors import LabelError, SigningError
from provenance.labels import Label

from .test_revocation import crl

PICTURE = Binding(PIXELS, "ab" * 32)
KEYS: dict[str, Callable[[], PrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def checked(
    jws: str, label: Label, trust: TrustStore, picture: Binding = PICTURE
) -> LabelSignature:
    return check_label_signature(jws, label, trust.list()).beside(picture)


@pytest.mark.parametrize("algorithm", KEYS)
def test_every_algorithm_there_and_back_and_for_another_library(
    algorithm: str, label: Label, authority: Any
) -> None:
    signer = authority.issue(key=KEYS[algorithm]())
    jws = sign_label(label, PICTURE, signer)
    found = checked(jws, label, authority.trust)
    assert found.intact and found.valid and found.picture_matches
    assert found.trusted_by == "authority" and found.problem is None
    assert found.signer.organisation == "Example Press"
    header = jwt.get_unverified_header(jws)
    assert header["alg"] == algorithm
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    payload = jwt.decode(jws, leaf.public_key(), algorithms=[algorithm])  # type: ignore[arg-type]
    assert payload["picture"] == {"of": "pixels", "sha256": "ab" * 32}


def test_a_time_that_has_not_come_is_remarked_upon(
    label: Label, identity: Identity, trust: TrustStore
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    for minutes, odd in ((-60, False), (5, False), (15, True), (60 * 24 * 1000, True)):
        claimed = now + datetime.timedelta(minutes=minutes)
        found = checked(sign_label(label, PICTURE, identity, claimed), label, trust)
        assert found.valid and found.trusted_by == "local"
        assert ("later than this machine's clock" in str(found.problem)) is odd


@pytest.mark.parametrize("raw", [False, True])
def test_a_key_elsewhere_signs_in_der_or_raw(raw: bool, label: Label, authority: Any) -> None:
    signer = authority.issue()

    def elsewhere(payload: bytes) -> bytes:
        der = made(payload, signer.key, "es256")
        if not raw:
            return der
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    remote = Identity(signer.chain, signer.algorithm, elsewhere)
    assert checked(sign_label(label, PICTURE, remote), label, authority.trust).valid


def test_a_signer_s_own_error_reaches_the_user(label: Label, authority: Any) -> None:
    def refuse(payload: bytes) -> bytes:
        raise RuntimeError("token is locked")

    signer = Identity(authority.issue().chain, "es256", refuse)
    with pytest.raises(SigningError, match="token is locked"):
        sign_label(label, PICTURE, signer)
    wrong = Identity(authority.issue().chain, "es256", authority.issue().key)
    with pytest.raises(SigningError, match="key"):
        sign_label(label, PICTURE, wrong)


def test_another_label_or_picture_is_told_apart(
    label: Label, identity: Identity, trust: TrustStore
) -> None:
    jws = sign_label(label, PICTURE, identity)
    lower = dataclasses.replace(label, risk=dataclasses.replace(label.risk, score=0.01))
    found = checked(jws, lower, trust)
    assert not found.intact and not found.valid and found.trusted_by is None
    assert "another label" in str(found.problem)
    found = checked(jws, label, trust, Binding(PIXELS, "cd" * 32))
    assert found.intact and found.picture_matches is False
    assert "another picture" in str(found.problem)
    found = checked(jws, label, trust, Binding("bitstream", "ab" * 32))
    assert found.picture_matches is False
    assert check_label_signature(jws, label, ()).picture_matches is None


def forged(jws: str, signer: Identity, **changes: Any) -> str:
    """The same with another header or payload, and signed anew."""
    header, payload = (decode(part) for part in jws.split(".")[:2])
    header |= changes.pop("header", {})
    content = (
        f"{encode(json.dumps(header).encode())}.{encode(json.dumps(payload | changes).encode())}"
    )
    assert not callable(signer.key)
    signature = jwt.get_algorithm_by_name("ES256").sign(content.encode(), signer.key)
    return f"{content}.{encode(signature)}"


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"jwk": {}},
        {"jku": "https://attacker.example/keys"},
        {"x5u": "https://attacker.example/chain"},
        {"typ": "JWT"},
        {"typ": None},
        {"x5c": []},
        {"x5c": "text"},
        {"x5c": [1]},
        {"x5c": ["AAAA"]},
        {"x5c": ["AAAA"] * 17},
    ],
)
def test_headers_that_promise_more_are_refused(
    header: dict[str, Any], label: Label, identity: Identity, trust: TrustStore
) -> None:
    with pytest.raises(LabelError) as caught:
        checked(forged(sign_label(label, PICTURE, identity), identity, header=header), label, trust)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "es256", "", None, 1])
def test_the_algorithm_is_the_key_s_and_not_the_header_s(
    algorithm: object, label: Label, identity: Identity, trust: TrustStore
) -> None:
    jws = forged(sign_label(label, PICTURE, identity), identity, header={"alg": algorithm})
    found = checked(jws, label, trust)
    assert not found.intact and "algorithm" in str(found.problem)
    stripped = jws.rpartition(".")[0] + "."
    assert not checked(stripped, label, trust).intact


def test_a_signature_in_der_is_not_the_form_of_the_standard(
    label: Label, identity: Identity, trust: TrustStore
) -> None:
    content, _, last = sign_label(label, PICTURE, identity).rpartition(".")
    raw = base64.urlsafe_b64decode(last + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert not checked(f"{content}.{encode(der)}", label, trust).intact


@pytest.mark.parametrize(
    "change",
    [
        lambda jws: "",
        lambda jws: "..",
        lambda jws: "a.b",
        lambda jws: jws + ".x",
        lambda jws: jws + "=",
        lambda jws: jws.replace(".", "=.", 1),
        lambda jws: " " + jws,
        lambda jws: jws[:-1] + "\u00e9",
        lambda jws: jws + "A" * 100_000,
        lambda jws: encode(b"[]") + jws[jws.index(".") :],
        lambda jws: encode(b'{"alg":"ES256","alg":"ES256"}') + jws[jws.index(".") :],
        lambda jws: encode(b"[" * 100_000) + jws[jws.index(".") :],
        lambda jws: encode(b"\xff") + jws[jws.index(".") :],
    ],
)
def test_other_texts_are_refused_in_one_line(
    change: Callable[[str], str], label: Label, identity: Identity, trust: TrustStore
) -> None:
    with pytest.raises(LabelError) as caught:
        checked(change(sign_label(label, PICTURE, identity)), label, trust)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("changes", [{"iat": "now"}, {"iat": -1}, {"iat": 1 << 60}, {"picture": 1}])
def test_payloads_of_another_shape_are_refused(
    changes: dict[str, Any], label: Label, identity: Identity, trust: TrustStore
) -> None:
    with pytest.raises(LabelError):
        checked(forged(sign_label(label, PICTURE, identity), identity, **changes), label, trust)


def test_every_changed_character_is_noticed(
    label: Label, identity: Identity, trust: TrustStore
) -> None:
    choose = random.Random(8)
    jws = sign_label(label, PICTURE, identity)
    for _ in range(200):
        at = choose.randrange(len(jws))
        other = choose.choice("ABCDEFGHabcdefgh0123456789-_.")
        changed = jws[:at] + other + jws[at + 1 :]
        if changed == jws:
            continue
        try:
            assert not checked(changed, label, trust).valid
        except LabelError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"days": (-10, -1)}, "expired"),
        ({"days": (1, 10)}, "valid only from"),
        ({"organisation": None}, "organisation"),
        ({"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "emailProtection"),
        ({"usages": None}, "not made for C2PA"),
    ],
)
def test_certificates_that_c2pa_would_refuse_are_refused(
    options: dict[str, Any], problem: str, label: Label, authority: Any
) -> None:
    found = checked(sign_label(label, PICTURE, authority.issue(**options)), label, authority.trust)
    assert found.intact and not found.valid and found.trusted_by is None
    assert problem in str(found.problem)


def test_a_self_signed_certificate_is_valid_and_trusted_by_nobody(
    label: Label, authority: Any
) -> None:
    found = checked(
        sign_label(label, PICTURE, authority.issue(self_signed=True)), label, authority.trust
    )
    assert found.valid and found.trusted_by is None


def test_an_anchor_for_time_stamps_is_none_for_signers(label: Label, authority: Any) -> None:
    jws = sign_label(label, PICTURE, authority.issue())
    anchor = Anchor("tsa", (authority.certificate,), None, Purpose.TIME_STAMPS)
    found = check_label_signature(jws, label, [anchor])
    assert found.valid and found.trusted_by is None


def issued(
    name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    length: int | None = None,
    days: int = 10,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=100))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, length), True)
        .add_extension(usage, True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    if not ca:
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usages, False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.mark.parametrize(
    ("root_length", "middle_is_ca", "middle_days", "trusted"),
    [(None, True, 10, True), (1, True, 10, True), (0, True, 10, False), (None, False, 10, False),
     (None, True, -1, False)],
)  # fmt: skip
def test_chains_over_an_intermediate_follow_the_rules_of_paths(
    root_length: int | None, middle_is_ca: bool, middle_days: int, trusted: bool, label: Label
) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    root = issued("root", name, keys[0], keys[0], ca=True, length=root_length)
    middle = issued("middle", root.subject, keys[1], keys[0], ca=middle_is_ca, days=middle_days)
    leaf = issued("leaf", middle.subject, keys[2], keys[1], ca=False)
    signer = Identity((leaf, middle, root), algorithm_of(keys[2]), keys[2])
    jws = sign_label(label, PICTURE, signer)
    found = check_label_signature(jws, label, [Anchor("root", (root,), None)])
    assert found.trusted_by == ("root" if trusted else None)


def test_a_revoked_signer_vouches_for_no_label(label: Label, authority: Any) -> None:
    bad, good = authority.issue(), authority.issue()
    lists = [RevocationList("list", x509.load_der_x509_crl(crl(authority, bad)), None)]
    for signer, valid in ((bad, False), (good, True)):
        jws = sign_label(label, PICTURE, signer)
        found = check_label_signature(jws, label, authority.trust.list(), lists)
        assert found.intact and found.valid is valid
        assert found.trusted_by == ("authority" if valid else None)
        assert valid or "says list" in str(found.problem)
