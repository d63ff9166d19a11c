"""Identities are made once, kept private and renewed in time."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.config import home
from provenance.credentials import (
    TrustStore,
    identity_folder,
    local_identity,
    new_identity,
    trust_folder,
)
from provenance.credentials import certificates as x
from provenance.errors import InputError, OutputError


def test_the_configuration_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("PROVENANCE_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert home() == Path("/home/somebody/.config/provenance")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert home() == Path("/home/somebody/.config/provenance")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/xdg")
    assert home() == Path("/etc/xdg/provenance")
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path))
    assert home() == tmp_path
    assert identity_folder() == tmp_path / "identity"
    assert trust_folder() == tmp_path / "trust"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    for name in ("HOME", "PROVENANCE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(InputError, match="set PROVENANCE_HOME"):
        home()


def test_a_new_identity_is_private_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "provenance" / "identity"
    previous = os.umask(0)
    try:
        identity = new_identity("Example Press", "Desk", folder)
    finally:
        os.umask(previous)
    assert identity.notes == ()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {"signer.pem", "ca.pem", "ca-key.pem"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert "PRIVATE" not in repr(identity)


def test_the_certificates_are_what_c2pa_asks_for(tmp_path: Path) -> None:
    identity = new_identity("Example Press", "Desk", tmp_path / "identity")
    leaf, ca = identity.chain
    leaf.verify_directly_issued_by(ca)
    assert identity.algorithm == "es256"
    assert identity.subject.organisation == "Example Press"
    assert identity.subject.common_name == "Desk"
    extensions = leaf.extensions
    assert extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    usages = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    assert ExtendedKeyUsageOID.EMAIL_PROTECTION in usages
    extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    years = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days / 365
    assert 1 < years < 2.1


def test_an_identity_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    first = new_identity("One", "a", folder)
    with pytest.raises(OutputError, match="already"):
        new_identity("Two", "b", folder)
    assert local_identity(folder).chain == first.chain
    second = new_identity("Two", "b", folder, replace=True)
    assert local_identity(folder).chain == second.chain
    anchors = TrustStore(tmp_path / "trust", folder).list()
    assert [entry.name for entry in anchors] == ["local", "local-old-1"]
    assert anchors[1].certificates == (first.chain[1],)
    assert not list(tmp_path.glob(".identity*"))


def test_names_no_certificate_can_hold_are_refused(tmp_path: Path) -> None:
    for organisation, name in (("", "x"), ("x" * 100, "x"), ("x", " "), ("x", "x" * 62)):
        with pytest.raises(InputError):
            new_identity(organisation, name, tmp_path / "identity")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        local_identity(tmp_path / "file" / "identity")


def test_the_local_identity_is_made_once(tmp_path: Path) -> None:
    first = local_identity(tmp_path / "identity")
    assert local_identity(tmp_path / "identity").chain == first.chain
    assert first.subject.organisation


def test_processes_at_the_first_run_get_the_same_identity(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from provenance.credentials import local_identity; "
        "print(local_identity(pathlib.Path(sys.argv[1])).subject.sha256)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "identity")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["identity"]


def test_a_leaf_near_its_end_is_renewed_by_the_same_ca(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x, "LEAF_DAYS", 10)
    old = new_identity("Example Press", "Desk", tmp_path / "identity")
    assert any("ends in" in note for note in old.notes)
    monkeypatch.undo()
    new = local_identity(tmp_path / "identity")
    assert new.chain[0] != old.chain[0]
    assert new.chain[1] == old.chain[1]
    assert new.subject.organisation == "Example Press"
    assert new.valid_until - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=700)
    assert (tmp_path / "identity" / "signer.pem").stat().st_mode & 0o777 == 0o600
