"""A credential that is elsewhere is fetched when somebody asks for it, and else never."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import provenance
from provenance.labels import Label

from ..elsewhere import Keeper, kept_elsewhere

if TYPE_CHECKING:
    from .conftest import Authority


@pytest.fixture
def elsewhere(
    files: dict[str, bytes], label: Label, authority: Authority
) -> Iterator[tuple[bytes, str]]:
    """A photo whose manifest is kept at an address, and the address."""
    with kept_elsewhere(files["image/png"], label, authority.issue()) as kept:
        yield kept


def _credential_step(report: provenance.Report) -> str:
    return next(step.detail for step in report.steps if step.name == "credential")


def test_nobody_is_asked_unless_somebody_wants_it(
    elsewhere: tuple[bytes, str], authority: Authority
) -> None:
    data, address = elsewhere
    report = provenance.verify(data, trust=authority.trust)
    assert report.exit_code == 3 and not report.intact
    assert _credential_step(report) == f"none: it is elsewhere, at {address}; nobody looked there"
    assert Keeper.asked == []


def test_it_is_fetched_on_request_and_believed_like_any_other(
    elsewhere: tuple[bytes, str], authority: Authority, label: Label
) -> None:
    data, _ = elsewhere
    report = provenance.verify(data, trust=authority.trust, remote=True)
    assert (report.intact, report.valid, report.trusted) == (True, True, True)
    assert report.label == label
    assert Keeper.asked == ["/photo.c2pa"]
    altered = bytearray(data)
    altered[-30] ^= 1
    report = provenance.verify(bytes(altered), trust=authority.trust, remote=True)
    assert report.exit_code == 4 and not report.intact


def test_where_it_cannot_be_fetched_there_is_none(
    elsewhere: tuple[bytes, str], authority: Authority
) -> None:
    Keeper.kept = {}
    report = provenance.verify(elsewhere[0], trust=authority.trust, remote=True)
    assert report.exit_code == 3
    assert "could not fetch" in _credential_step(report) and "404" in _credential_step(report)


def test_what_is_fetched_need_not_be_a_manifest(
    elsewhere: tuple[bytes, str], authority: Authority
) -> None:
    for body in (b"", b"<html>", bytes(30_000_000)):
        Keeper.kept = {"/photo.c2pa": body}
        report = provenance.verify(elsewhere[0], trust=authority.trust, remote=True)
        assert report.exit_code in (3, 4) and not report.intact
