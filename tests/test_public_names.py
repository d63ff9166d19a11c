"""The library's public names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import provenance


def test_every_exported_name_exists_and_is_all_there_is() -> None:
    for name in provenance.__all__:
        assert getattr(provenance, name) is not None
    assert provenance.__all__ == sorted(provenance.__all__)


def test_the_functions_are_the_commands() -> None:
    for name in ("compress", "decompress", "assess", "label", "verify", "show"):
        assert callable(getattr(provenance, name))


def test_names_that_do_not_exist_are_errors_to_type_checkers() -> None:
    body = ast.parse(Path(provenance.__file__).read_text()).body
    assert not any(isinstance(node, ast.FunctionDef) for node in body)


def test_unknown_names_are_attribute_errors() -> None:
    assert not hasattr(provenance, "explode")


@pytest.mark.parametrize("side", [-1, 0, 5000])
def test_a_preview_of_no_size_is_refused_before_any_work(side: int) -> None:
    with pytest.raises(provenance.ProvenanceError, match="16 to 4096"):
        provenance.compress("no such file", preview=side)
