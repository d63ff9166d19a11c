"""Anchors are named, listed, removed, and never taken for anything else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provenance.credentials import (
    Identity,
    Purpose,
    TrustStore,
    new_identity,
    read,
    sign,
)
from provenance.credentials.certificates import to_pem
from provenance.credentials.settings import anchor_uri
from provenance.errors import InputError, OutputError
from provenance.labels import Label

if TYPE_CHECKING:
    from .conftest import Authority


def test_anchors_are_added_listed_and_removed(authority: Authority, tmp_path: Path) -> None:
    store = TrustStore(str(tmp_path / "trust"))
    assert store.list() == ()
    added = store.add(authority.path, "press")
    assert store.list() == (added,)
    assert added.subjects == ("CN=Test CA,O=Test Authority",)
    assert added.valid_until == authority.certificate.not_valid_after_utc
    assert added.path is not None
    assert added.path.stat().st_mode & 0o777 == 0o600
    store.remove("press")
    assert store.list() == ()


def test_a_name_is_taken_once_and_missing_ones_are_named(
    authority: Authority, tmp_path: Path
) -> None:
    store = TrustStore(tmp_path / "trust")
    store.add(authority.path, "press")
    with pytest.raises(OutputError, match="press"):
        store.add(authority.path, "press")
    with pytest.raises(OutputError, match="local"):
        store.add(authority.path, "local")
    with pytest.raises(InputError, match="nobody"):
        store.remove("nobody")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 65, "a\n"])
def test_names_that_are_paths_are_refused(name: str, authority: Authority, tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trust")
    with pytest.raises(InputError):
        store.add(authority.path, name)
    with pytest.raises(InputError):
        store.remove(name)
    assert list(tmp_path.iterdir()) == []


def test_a_signers_own_certificate_is_no_anchor(authority: Authority, tmp_path: Path) -> None:
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(to_pem(authority.issue().chain))
    with pytest.raises(InputError, match="no CA"):
        TrustStore(tmp_path / "trust").add(leaf, "leaf")


def test_private_keys_are_not_copied_along(
    folder: Path, identity: Identity, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes((folder / "ca-key.pem").read_bytes() + (folder / "ca.pem").read_bytes())
    anchor = TrustStore(tmp_path / "trust").add(both, "both")
    assert anchor.path is not None
    assert anchor.path.read_bytes() == to_pem(identity.chain[1:])


def test_a_broken_store_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "press.pem").write_text("nothing")
    with pytest.raises(InputError, match=r"press\.pem"):
        TrustStore(tmp_path).list()


def test_an_added_anchor_makes_its_signers_trusted_until_removed(
    authority: Authority,
    files: dict[str, bytes],
    label: Label,
    original: bytes,
    tmp_path: Path,
) -> None:
    store = TrustStore(tmp_path / "trust", tmp_path / "identity")
    new_identity("Me", "me", tmp_path / "identity")
    data = sign(
        files["image/jpeg"],
        "image/jpeg",
        label,
        authority.issue(),
        original=original,
        original_media_type="image/jpeg",
    )

    def trusted() -> bool:
        credential = read(data, "image/jpeg", store)
        assert credential is not None
        assert credential.valid
        return credential.trusted

    assert not trusted()
    store.add(authority.path, "press")
    assert trusted()
    store.remove("press")
    assert not trusted()


def test_files_do_not_tell_what_an_anchor_is_called_here(authority: Authority) -> None:
    (anchor,) = authority.trust.list()
    assert anchor.name == "authority"
    assert anchor.name not in anchor_uri(anchor)


def test_a_folder_is_one_anchor(authority: Authority, identity: Identity, tmp_path: Path) -> None:
    folder = tmp_path / "press"
    folder.mkdir()
    (folder / "a.pem").write_bytes(authority.path.read_bytes())
    (folder / "again.CRT").write_bytes(authority.path.read_bytes())
    (folder / "b.cer").write_bytes(to_pem(identity.chain[1:]))
    (folder / "README").write_text("not a certificate")
    store = TrustStore(tmp_path / "trust")
    anchor = store.add(folder, "press")
    assert anchor.certificates == (authority.certificate, identity.chain[1])
    assert store.list() == (anchor,)
    (folder / "leaf.pem").write_bytes(to_pem(identity.chain[:1]))
    with pytest.raises(InputError, match=r"leaf\.pem.*no CA"):
        store.add(folder, "other")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no file of certificates"):
        store.add(empty, "other")


def test_anchors_for_time_stamps_are_kept_apart(authority: Authority, tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trust")
    store.add(authority.path, "clock", Purpose.TIME_STAMPS)
    (anchor,) = store.list()
    assert (anchor.name, anchor.purpose) == ("clock", Purpose.TIME_STAMPS)
    with pytest.raises(OutputError, match="taken"):
        store.add(authority.path, "clock")
    store.add(authority.path, "press")
    assert [entry.name for entry in store.list()] == ["press", "clock"]
    store.remove("clock")
    assert [entry.name for entry in store.list()] == ["press"]
