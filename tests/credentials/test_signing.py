"""A signed file says who signed what, and a reader believes only what it should."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from PIL import Image

from provenance.container import unpack
from provenance.credentials import Credential, Identity, TrustStore, read, sign
from provenance.credentials.certificates import USAGES
from provenance.errors import InputError, SigningError
from provenance.labels import Label
from provenance.metadata import embed, packet, read_label, read_packet

if TYPE_CHECKING:
    from .conftest import Authority

TYPES = ("image/jpeg", "image/png", "image/webp", "image/avif")

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def found(data: bytes, media_type: str, trust: TrustStore) -> Credential:
    credential = read(data, media_type, trust)
    assert credential is not None
    return credential


@pytest.fixture(scope="module")
def signed(
    files: dict[str, bytes], label: Label, identity: Identity, original: bytes, trust: TrustStore
) -> dict[str, bytes]:
    return {
        kind: sign(
            data,
            kind,
            label,
            identity,
            original=original,
            original_media_type="image/jpeg",
            title="portrait",
            trust=trust,
        )
        for kind, data in files.items()
    }


@pytest.mark.parametrize("kind", TYPES)
def test_the_own_signature_is_intact_valid_and_trusted(
    kind: str, signed: dict[str, bytes], label: Label, trust: TrustStore, identity: Identity
) -> None:
    credential = found(signed[kind], kind, trust)
    assert (credential.intact, credential.valid, credential.trusted) == (True, True, True)
    assert credential.failures == ()
    assert credential.trusted_by == "local"
    assert credential.label == label
    assert credential.label_problem is None
    assert credential.signer == identity.subject
    assert credential.signer is not None
    assert credential.signer.organisation == "Example Press"
    assert credential.algorithm == "es256"
    assert credential.title == "portrait"
    assert credential.claim_generator == "provenance 0.1.0"
    assert credential.signed_at is None
    assert credential.manifests == 1


@pytest.mark.parametrize("kind", TYPES)
def test_the_label_in_xmp_is_the_label_in_the_assertion(
    kind: str, signed: dict[str, bytes], trust: TrustStore
) -> None:
    carried = read_packet(signed[kind], kind)
    assert carried is not None
    assert read_label(carried) == found(signed[kind], kind, trust).label


@pytest.mark.parametrize("kind", TYPES)
def test_a_signature_costs_little(
    kind: str, signed: dict[str, bytes], files: dict[str, bytes]
) -> None:
    assert len(signed[kind]) - len(files[kind]) < 6000


def test_signed_files_still_show_and_unpack(
    signed: dict[str, bytes], files: dict[str, bytes]
) -> None:
    for kind in TYPES:
        with (
            Image.open(io.BytesIO(signed[kind])) as new,
            Image.open(io.BytesIO(files[kind])) as old,
        ):
            assert new.tobytes() == old.tobytes()
    assert unpack(signed["image/avif"]) == unpack(files["image/avif"])


def test_a_compressed_file_without_preview_can_be_signed(
    label: Label, identity: Identity, original: bytes, trust: TrustStore
) -> None:
    from provenance.container import pack

    bare = pack(b"bits", width=9, height=9, preview=None, xmp=packet(label))
    result = sign(
        bare, "image/avif", label, identity, original=original, original_media_type="image/jpeg"
    )
    assert found(result, "image/avif", trust).trusted
    assert unpack(result).bitstream == b"bits"


def test_the_history_names_the_original_and_the_codec(
    signed: dict[str, bytes], trust: TrustStore
) -> None:
    credential = found(signed["image/png"], "image/png", trust)
    opened, transcoded = credential.actions
    assert opened.name == "c2pa.opened"
    assert transcoded.name == "c2pa.transcoded"
    assert transcoded.agent == "msh msh-1"
    assert transcoded.digital_source_type == IPTC + "algorithmicallyEnhanced"
    (parent,) = credential.ingredients
    assert parent.relationship == "parentOf"
    assert parent.media_type == "image/jpeg"
    assert parent.state == "unsigned"
    assert credential.history_intact


@pytest.mark.parametrize(("level", "edited"), [(2, False), (5, True)])
def test_a_risky_generative_decoder_does_not_claim_that_nothing_changed(
    level: int,
    edited: bool,
    files: dict[str, bytes],
    label: Label,
    identity: Identity,
    original: bytes,
    trust: TrustStore,
) -> None:
    label = dataclasses.replace(
        label,
        codec=dataclasses.replace(label.codec, generative=True),
        risk=dataclasses.replace(label.risk, level=level),
    )
    data = sign(
        files["image/png"],
        "image/png",
        label,
        identity,
        original=original,
        original_media_type="image/jpeg",
    )
    credential = found(data, "image/png", trust)
    assert credential.trusted
    names = [action.name for action in credential.actions]
    assert names == ["c2pa.opened", "c2pa.transcoded"] + ["c2pa.edited"] * edited
    source = credential.actions[1].digital_source_type
    assert source == IPTC + "compositeWithTrainedAlgorithmicMedia"


def test_numbers_of_every_size_survive(
    files: dict[str, bytes], label: Label, identity: Identity, original: bytes, trust: TrustStore
) -> None:
    extra = {"small": [1, 2, 3], "large": [966, 70000], "negative": [-1], "half": [0.5, 2]}
    label = dataclasses.replace(label, extra=extra)
    data = sign(
        files["image/png"],
        "image/png",
        label,
        identity,
        original=original,
        original_media_type="image/jpeg",
    )
    assert found(data, "image/png", trust).label == label


@pytest.mark.parametrize("kind", TYPES)
def test_an_unsigned_file_has_no_credential(
    kind: str, files: dict[str, bytes], trust: TrustStore
) -> None:
    assert read(files[kind], kind, trust) is None


def test_a_stripped_file_has_no_credential(signed: dict[str, bytes], trust: TrustStore) -> None:
    with Image.open(io.BytesIO(signed["image/jpeg"])) as picture:
        stream = io.BytesIO()
        picture.save(stream, "JPEG")
    assert read(stream.getvalue(), "image/jpeg", trust) is None


def test_a_type_that_carries_none_has_no_credential(trust: TrustStore) -> None:
    assert read(b"BM" + bytes(100), "image/bmp", trust) is None


def test_a_pointer_to_a_remote_manifest_is_not_followed(
    files: dict[str, bytes], label: Label, identity: Identity, trust: TrustStore
) -> None:
    pointer = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-'
        b'rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:t="http://purl.org/dc/terms/" '
        b't:provenance="http://127.0.0.1:9/manifest.c2pa"/></rdf:RDF></x:xmpmeta>'
    )
    remote = embed(files["image/jpeg"], "image/jpeg", pointer)
    assert read(remote, "image/jpeg", trust) is None
    data = sign(
        files["image/png"],
        "image/png",
        label,
        identity,
        original=remote,
        original_media_type="image/jpeg",
    )
    assert found(data, "image/png", trust).history_intact


def test_another_signer_is_valid_but_not_trusted(
    files: dict[str, bytes], label: Label, authority: Authority, original: bytes, trust: TrustStore
) -> None:
    data = sign(
        files["image/png"],
        "image/png",
        label,
        authority.issue(),
        original=original,
        original_media_type="image/jpeg",
    )
    credential = found(data, "image/png", trust)
    assert (credential.intact, credential.valid, credential.trusted) == (True, True, False)
    assert credential.trusted_by is None
    assert credential.failures[0].startswith("signingCredential.untrusted")
    assert found(data, "image/png", authority.trust).trusted_by == "authority"


def test_a_self_signed_certificate_is_valid_and_trusted_by_nobody(
    files: dict[str, bytes], label: Label, authority: Authority, original: bytes
) -> None:
    data = sign(
        files["image/png"],
        "image/png",
        label,
        authority.issue(self_signed=True),
        original=original,
        original_media_type="image/jpeg",
    )
    credential = found(data, "image/png", authority.trust)
    assert (credential.intact, credential.valid, credential.trusted) == (True, True, False)


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: usage.dotted_string)
def test_a_certificate_for_any_of_the_usages_signs(
    usage: x509.ObjectIdentifier,
    files: dict[str, bytes],
    label: Label,
    authority: Authority,
    original: bytes,
    trust: TrustStore,
) -> None:
    data = sign(
        files["image/png"],
        "image/png",
        label,
        authority.issue(usages=[usage]),
        original=original,
        original_media_type="image/jpeg",
    )
    assert found(data, "image/png", authority.trust).trusted
    credential = found(data, "image/png", trust)
    assert (credential.valid, credential.trusted) == (True, False)


@pytest.mark.parametrize("days", [(-100, -1), (1, 100)], ids=["expired", "not yet valid"])
def test_a_certificate_out_of_its_time_signs_nothing(
    days: tuple[float, float],
    files: dict[str, bytes],
    label: Label,
    authority: Authority,
    original: bytes,
) -> None:
    with pytest.raises(SigningError):
        sign(
            files["image/png"],
            "image/png",
            label,
            authority.issue(days=days),
            original=original,
            original_media_type="image/jpeg",
        )


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
    ids=["es384", "es512", "ed25519", "ps256"],
)
def test_every_algorithm_signs(
    key: Any,
    files: dict[str, bytes],
    label: Label,
    authority: Authority,
    original: bytes,
    request: pytest.FixtureRequest,
) -> None:
    data = sign(
        files["image/png"],
        "image/png",
        label,
        authority.issue(key=key),
        original=original,
        original_media_type="image/jpeg",
    )
    credential = found(data, "image/png", authority.trust)
    assert credential.trusted
    assert credential.algorithm == request.node.callspec.id


def test_a_key_elsewhere_signs(
    files: dict[str, bytes], label: Label, authority: Authority, original: bytes
) -> None:
    local = authority.issue()
    key = local.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    sent = []

    def elsewhere(payload: bytes) -> bytes:
        sent.append(payload)
        return key.sign(payload, ec.ECDSA(hashes.SHA256()))

    data = sign(
        files["image/png"],
        "image/png",
        label,
        dataclasses.replace(local, key=elsewhere),
        original=original,
        original_media_type="image/jpeg",
    )
    assert found(data, "image/png", authority.trust).trusted
    assert [len(payload) < 5000 for payload in sent] == [True]


def test_the_signers_own_error_reaches_the_user(
    files: dict[str, bytes], label: Label, authority: Authority, original: bytes
) -> None:
    def elsewhere(_payload: bytes) -> bytes:
        raise OSError("card was pulled out")

    with pytest.raises(SigningError, match="card was pulled out") as caught:
        sign(
            files["image/png"],
            "image/png",
            label,
            dataclasses.replace(authority.issue(), key=elsewhere),
            original=original,
            original_media_type="image/jpeg",
        )
    assert isinstance(caught.value.__cause__, OSError)


def test_ctrl_c_while_a_key_elsewhere_signs_is_no_refusal(
    files: dict[str, bytes], label: Label, authority: Authority, original: bytes
) -> None:
    def elsewhere(_payload: bytes) -> bytes:
        raise KeyboardInterrupt

    identity = dataclasses.replace(authority.issue(), key=elsewhere)
    with pytest.raises(KeyboardInterrupt):
        sign(
            files["image/png"],
            "image/png",
            label,
            identity,
            original=original,
            original_media_type="image/jpeg",
        )


def test_types_that_cannot_be_signed(label: Label, identity: Identity) -> None:
    with pytest.raises(InputError, match="image/bmp"):
        sign(b"BM", "image/bmp", label, identity, original=b"", original_media_type="image/bmp")


def test_what_is_no_picture_cannot_be_signed(label: Label, identity: Identity) -> None:
    with pytest.raises(SigningError) as caught:
        sign(b"no", "image/png", label, identity, original=b"x", original_media_type="image/png")
    assert "\n" not in str(caught.value)


def test_a_label_nobody_vouches_for_is_not_believed(
    files: dict[str, bytes], label: Label, identity: Identity, trust: TrustStore
) -> None:
    import c2pa  # type: ignore[import-untyped]

    from provenance.credentials.identity import private_pem
    from provenance.credentials.settings import library_settings
    from provenance.labels import to_json

    def made(assertions: list[dict[str, Any]]) -> Credential:
        pem = private_pem(identity)
        chain = b"".join(c.public_bytes(_pem()) for c in identity.chain)
        signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", chain, pem, None))
        action = {"action": "c2pa.created", "digitalSourceType": IPTC + "digitalCapture"}
        actions = {"label": "c2pa.actions.v2", "created": True, "data": {"actions": [action]}}
        manifest = {"assertions": [actions, *assertions]}
        target = io.BytesIO()
        with (
            c2pa.Context.from_json(library_settings(trust.list()), signer=signer) as context,
            c2pa.Builder(manifest, context=context) as builder,
        ):
            builder.sign("image/png", io.BytesIO(files["image/png"]), target)
        credential = found(target.getvalue(), "image/png", trust)
        assert credential.trusted
        assert credential.label is None
        return credential

    name = "org.provenance.miscompression"
    ours = {"label": name, "data": to_json(label)}
    assert "vouching" in str(made([ours]).label_problem)
    twice = made([{**ours, "created": True}] * 2)
    assert f"{name}__1 where {name} alone belongs" in str(twice.label_problem)
    wrong = {**to_json(label), "schema_version": "9"}
    assert "schema_version" in str(made([{**ours, "data": wrong, "created": True}]).label_problem)
    assert made([]).label_problem is None


def _pem() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM


def test_importing_loads_neither_torch_nor_the_c2pa_library() -> None:
    code = (
        "import sys, provenance.credentials as c; assert 'c2pa' not in sys.modules; c.read; "
        "assert 'c2pa' in sys.modules; assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})


def test_only_this_package_imports_the_library() -> None:
    sources = Path(__file__).parents[2] / "src" / "provenance"
    users = {
        path.parent.name
        for path in sources.rglob("*.py")
        if any(
            line.startswith(("import c2pa", "from c2pa")) for line in path.read_text().splitlines()
        )
    }
    assert users == {"credentials"}
