"""The library's public names."""

from __future__ import annotations

import provenance


def test_every_exported_name_exists_and_is_all_there_is() -> None:
    for name in provenance.__all__:
        assert getattr(provenance, name) is not None
    assert provenance.__all__ == sorted(provenance.__all__)


def test_the_functions_are_the_commands() -> None:
    for name in ("compress", "decompress", "assess", "label", "verify", "show"):
        assert callable(getattr(provenance, name))


def test_unknown_names_are_attribute_errors() -> None:
    assert not hasattr(provenance, "explode")
