"""One sequence of bytes for each JSON value, so that it can be hashed (RFC 8785)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .model import Label
from .schema import to_json


def label_sha256(label: Label) -> str:
    """SHA-256 of a label's JSON form in canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(to_json(label))).hexdigest()


def canonical(value: Any) -> bytes:
    """A JSON value in the bytes that RFC 8785 gives it; whole numbers are written out."""
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_string(name)}:{_text(value[name])}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript writes numbers (ECMA-262, Number::toString), which RFC 8785 demands."""
    if value == 0:
        return "0"
    exact = Decimal(repr(value))
    if 1e-6 <= abs(value) < 1e21:
        text = format(exact, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0")
    power = exact.adjusted()
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{fraction}e{'+' if power > 0 else ''}{power}"
