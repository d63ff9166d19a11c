"""Update manifests: somebody says more about a file, and whose label counts is still told."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import provenance
from provenance.credentials import (
    Identity,
    Purpose,
    TimeStamping,
    TrustStore,
    sign,
)
from provenance.lineage import trace
from provenance.verification import HighestAge, Report, TrustedSigner

from ..credentials.conftest import Authority
from ..manifests import label_assertion, updated
from ..time_stamps import time_stamps

KINDS = {"image/avif": "avif", "image/png": "png", "image/jpeg": "jpeg"}


@pytest.fixture(scope="module")
def files(compressed: provenance.Labelled) -> dict[str, bytes]:
    """The same labelled photo in several formats, signed on this machine."""
    made = {t: provenance.decompress(compressed.data, to=k).data for t, k in KINDS.items()}
    return {**made, "image/avif": compressed.data}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def both(authority: Authority) -> TrustStore:
    """Trusts this machine's signer and the authority's."""
    return authority.trusted_beside_ours()


def _detail(report: Report, name: str) -> str:
    return next(step.detail for step in report.steps if step.name == name)


def _failed(report: Report) -> list[str]:
    return [step.name for step in report.steps if step.outcome == "failed"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_label_of_what_is_updated_counts(
    kind: str, files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    before = provenance.verify(files[kind], trust=both)
    data = files[kind]
    for _ in range(2):
        data = updated(data, kind, authority.issue(organisation="Archive"), both.list())
        report = provenance.verify(data, trust=both)
        assert report.exit_code == 0 and report.trusted and report.label_consistent
        assert report.label == before.label
        assert "that this one updates" in _detail(report, "label")
    assert report.signer is not None and report.signer["organisation"] == "Archive"
    assert report.credential is not None
    assert trace(report.credential, "photo").made_from[0].made_from[0].label == before.label


def test_what_is_decoded_from_an_updated_file_was_compressed_once(
    files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    data = updated(files["image/avif"], "image/avif", authority.issue(), both.list())
    decoded = provenance.decompress(data, to="png", trust=both).data
    tree = provenance.history(decoded, trust=both)
    steps = []
    while tree:
        steps.append(tree.compressed)
        tree = tree.made_from[0] if tree.made_from else None
    assert steps == [False, False, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_changed_content_is_noticed_under_an_update(
    kind: str, files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    sound = updated(files[kind], kind, authority.issue(), both.list())
    last = sound.rindex(b"org.provenance.miscompression")
    for at in (len(sound) - 2000 if kind != "image/png" else sound.rindex(b"IDAT") + 9, last + 300):
        changed = bytearray(sound)
        changed[at] ^= 1
        report = provenance.verify(bytes(changed), trust=both)
        assert report.exit_code == 4 and not report.intact


def test_a_changed_parent_stays_changed(
    files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    changed = bytearray(files["image/jpeg"])
    changed[-2000] ^= 4
    data = updated(bytes(changed), "image/jpeg", authority.issue(), both.list())
    assert provenance.verify(data, trust=both).exit_code == 4


def test_both_signers_must_be_trusted(
    files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    # That the one who updates trusts the other is on record, and does not count.
    for believed in ((), both.list()):
        data = updated(files["image/png"], "image/png", authority.issue(), believed)
        assert provenance.verify(data, trust=both).exit_code == 0
        stranger = provenance.verify(data)
        assert stranger.exit_code == 5 and "Example Press is not among" in _detail(
            stranger, "trust"
        )
        report = provenance.verify(data, trust=authority.trust)
        assert report.exit_code == 5 and report.valid and _failed(report) == ["trust"]
        assert "photo, which is only updated" in _detail(report, "trust")


def test_a_policy_that_names_signers_means_all_of_them(
    files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    plain = provenance.verify(files["image/png"], trust=both)
    assert plain.signer is not None
    desk = plain.signer["organisation"]
    data = updated(files["image/png"], "image/png", authority.issue(), both.list())
    for allowed, code in ((("Example Press",), 1), ((desk,), 1), (("Example Press", desk), 0)):
        report = provenance.verify(data, trust=both, policy=TrustedSigner(allowed))
        assert report.exit_code == code


def test_a_label_in_the_update_is_its_signer_s(
    files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    label = provenance.show(files["image/png"])
    data = updated(
        files["image/png"], "image/png", authority.issue(), assertions=[label_assertion(label)]
    )
    report = provenance.verify(data, trust=authority.trust)
    assert report.exit_code == 0 and "updates" not in _detail(report, "label")
    rosy = label_assertion(replace(label, risk=replace(label.risk, score=0.0, level=1)))
    data = updated(files["image/png"], "image/png", authority.issue(), assertions=[rosy])
    assert provenance.verify(data, trust=both).exit_code == 4  # XMP tells something else
    passed_on = label_assertion(label, created=False)
    data = updated(files["image/png"], "image/png", authority.issue(), assertions=[passed_on])
    assert provenance.verify(data, trust=both).exit_code == 4


def test_a_label_that_an_update_takes_out_is_none(
    files: dict[str, bytes], authority: Authority, both: TrustStore
) -> None:
    credential = provenance.verify(files["image/png"], trust=both).credential
    assert credential is not None
    manifest = credential.claims[0].manifest
    uri = f"self#jumbf=/c2pa/{manifest}/c2pa.assertions/org.provenance.miscompression"
    data = updated(files["image/png"], "image/png", authority.issue(), both.list(), redacted=[uri])
    report = provenance.verify(data, trust=both)
    assert report.exit_code == 3 and report.credential is not None
    assert report.credential.label is None


def test_a_certificate_of_what_is_updated_must_have_been_in_its_time(
    compressed: provenance.Labelled, authority: Authority, both: TrustStore, tmp_path: Path
) -> None:
    clock = Authority(tmp_path)
    stamper = clock.issue(usages=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
    assert not callable(stamper.key)
    signer = authority.issue(days=(-1, 5 / 86400))
    with time_stamps(tmp_path, stamper.chain, stamper.key) as url:
        stamped = replace(signer, time_stamps=TimeStamping(url))
        made = [_signed(compressed, by) for by in (signer, stamped)]
    data = [updated(entry, "image/avif", authority.issue(), both.list()) for entry in made]
    # The C2PA library looks at whole seconds.
    time.sleep(max(0, signer.valid_until.timestamp() + 2.5 - time.time()))

    def codes(purpose: Purpose | None) -> list[int]:
        """Of what was signed without a time stamp and with one, and of updates of them."""
        if purpose:
            both.add(clock.path, "clock", purpose)
        reports = [provenance.verify(entry, trust=both) for entry in (*made, *data)]
        if purpose:
            both.remove("clock")
        assert all(report.intact for report in reports)
        failed = ["certificate"]
        assert all(_failed(r) == failed for r in reports if r.exit_code), reports[-1].steps
        return [report.exit_code for report in reports]

    assert codes(None) == [4, 4, 4, 4]
    assert codes(Purpose.SIGNERS) == [4, 4, 4, 4]  # who may sign, may stamp no time
    assert codes(Purpose.TIME_STAMPS) == [4, 0, 4, 0]


def _signed(made: provenance.Labelled, identity: Identity) -> bytes:
    return sign(
        made.data,
        "image/avif",
        made.label,
        identity,
        original=b"original",
        original_media_type="image/png",
    )


def test_an_update_makes_nothing_young(
    files: dict[str, bytes], authority: Authority, both: TrustStore, tmp_path: Path
) -> None:
    clock = Authority(tmp_path)
    stamper = clock.issue(usages=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
    assert not callable(stamper.key)
    both.add(clock.path, "clock", Purpose.TIME_STAMPS)
    with time_stamps(tmp_path, stamper.chain, stamper.key) as url:
        signer = replace(authority.issue(), time_stamps=TimeStamping(url))
        data = updated(files["image/png"], "image/png", signer, both.list())
    report = provenance.verify(data, trust=both, policy=HighestAge(datetime.timedelta(days=1)))
    assert report.credential is not None
    assert "timeStamp.trusted" in report.credential.successes
    assert report.exit_code == 1 and report.signed_at is None
