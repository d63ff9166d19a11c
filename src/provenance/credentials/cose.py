"""The signers' certificates out of a manifest store, those of who stamped the time, and what CAs
answered about them.

The C2PA library tells names and serial number, not the certificates themselves, so fingerprints
and trust need this: JUMBF boxes (ISO/IEC 19566-5) down to the signature, then the ``x5chain``
header of COSE (RFC 9360), the token (RFC 3161) of a time stamp, and the OCSP responses of
``rVals`` (C2PA 2.2, 10.3.2.6). Nothing is verified here.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from ..errors import InvalidError
from ..unpacking import unpacked
from .certificates import MAX_CHAIN, UNREADABLE, from_der
from .limits import MAX_UNPACKED

_X5CHAIN = (33, "x5chain")
_CRITICAL, _UNDERSTOOD = 2, {1, *_X5CHAIN}
"""Label of the header that names those which must be understood (RFC 9052, 3.1), and which are."""
_TIME_STAMPS = ("sigTst", "sigTst2")
_SEQUENCE, _CERTIFICATES = 0x30, 0xA0
_MAX_DEPTH = 8
_MAX_ITEMS = 256
_NOT_UNDERSTOOD = (
    *(StopIteration, LookupError, AttributeError, struct.error, InvalidError),
    *UNREADABLE,
)

_Area = tuple[int, int]
"""Where something begins and ends."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What comes along with a manifest's signature; empty where it is not understood."""

    chain: tuple[x509.Certificate, ...] = ()
    """Of the signer, leaf first."""
    stamp: tuple[x509.Certificate, ...] = ()
    """Of its time stamp, in any order: who made it, and those above. Empty where there are several
    stamps."""
    answers: tuple[bytes, ...] = ()
    """OCSP responses in DER. Empty where there are more than 16."""


def signatures(store: bytes) -> dict[str, Signature]:
    """Those of all manifests, by the manifest's label.

    Args:
        store: the manifest store, a JUMBF superbox.
    """
    found: dict[str, Signature] = {}
    with contextlib.suppress(*_NOT_UNDERSTOOD):
        whole = next(area for name, area in _superboxes(store, 0, len(store)) if name == "c2pa")
        for name, area in _superboxes(store, *whole):
            with contextlib.suppress(*_NOT_UNDERSTOOD):
                label, manifest, inside = _plain(store, name, area)
                headers = _headers(manifest, inside)
                parts = (_understood(get, headers) for get in (_chain, _stamp, _answers))
                found[label] = Signature(*parts)
    return found


def _understood(get: Callable[[Any, Any], tuple[Any, ...]], headers: tuple[Any, Any]) -> Any:
    with contextlib.suppress(*_NOT_UNDERSTOOD):
        return get(*headers)
    return ()


def _plain(store: bytes, label: str, area: _Area) -> tuple[str, bytes, _Area]:
    """A manifest's label, the bytes that it lies in, and where: unpacked if it is compressed."""
    _, content, *_ = _boxes(store, *area)
    kind, start, end = content
    if kind != b"brob":
        return label, store, area
    manifest = unpacked(store[start:end], MAX_UNPACKED)
    name, inside = next(_superboxes(manifest, 0, len(manifest)))
    return name, manifest, inside


def _headers(store: bytes, manifest: _Area) -> tuple[Any, Any]:
    """Of the signature: the protected ones and the others."""
    area = next(area for name, area in _superboxes(store, *manifest) if name == "c2pa.signature")
    content = next(store[start:end] for kind, start, end in _boxes(store, *area) if kind == b"cbor")
    message, _ = _decode(content, 0, 0)
    protected, _ = _decode(message[0], 0, 0)
    return protected, message[1]


def _chain(protected: Any, others: Any) -> tuple[x509.Certificate, ...]:
    if not _UNDERSTOOD.issuperset(protected.get(_CRITICAL, ())):
        raise ValueError("a critical header is not understood")
    # One alone: of several, the C2PA library may have checked the signature against another.
    [chain] = [
        header[name] for header in (protected, others) for name in _X5CHAIN if name in header
    ]
    encoded = [chain] if isinstance(chain, bytes) else chain
    if len(encoded) > MAX_CHAIN:
        raise ValueError("too many certificates")
    return tuple(map(from_der, encoded))


def _stamp(_: Any, others: Any) -> tuple[x509.Certificate, ...]:
    [tokens] = [others[name]["tstTokens"] for name in _TIME_STAMPS if name in others]
    [token] = tokens
    return tuple(map(from_der, _cms_certificates(token["val"])))


def _answers(_: Any, others: Any) -> tuple[bytes, ...]:
    answers = others["rVals"]["ocspVals"]
    if len(answers) > MAX_CHAIN or not all(isinstance(answer, bytes) for answer in answers):
        raise ValueError("too many answers, or others than of OCSP")
    return tuple(answers)


def _cms_certificates(token: bytes) -> list[bytes]:
    """Of a ``SignedData`` (RFC 5652, 5.1); cryptography minds the order in which some give them."""
    [(_, _, content)] = _der(token)
    [_, (_, _, explicit)] = _der(content)
    [(_, _, signed)] = _der(explicit)
    [found] = [inside for tag, _, inside in _der(signed) if tag == _CERTIFICATES]
    certificates = [whole for tag, whole, _ in _der(found) if tag == _SEQUENCE]
    if len(certificates) > MAX_CHAIN:
        raise ValueError("too many certificates")
    return certificates


def _der(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Tag, whole and content of each value, one after the other (X.690)."""
    found: list[tuple[int, bytes, bytes]] = []
    at = 0
    while at < len(data):
        size, start = data[at + 1], at + 2
        if size > 127:
            start += size & 127
            size = int.from_bytes(data[at + 2 : start], "big")
        if data[at + 1] == 128 or size > len(data) - start or len(found) > _MAX_ITEMS:
            raise ValueError("a value is cut, or its length is left open")
        end = start + size
        found.append((data[at], data[at:end], data[start:end]))
        at = end
    return found


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while end - start >= 8:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or size > end - start:
            raise ValueError("a box is cut")
        yield kind, start + 8, start + size
        start += size


def _superboxes(data: bytes, start: int, end: int) -> Iterator[tuple[str, _Area]]:
    """Label and content, description included, of each superbox."""
    for kind, inner, last in _boxes(data, start, end):
        if kind != b"jumb":
            continue
        described, at, stop = next(_boxes(data, inner, last), (b"", 0, 0))
        if described == b"jumd" and stop - at > 17:
            yield data[at + 17 : stop].partition(b"\0")[0].decode(), (inner, last)


def _decode(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """One CBOR item (RFC 8949) of the kinds that COSE headers hold, and where it ends."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    kind, short = data[at] >> 5, data[at] & 31
    at += 1
    if short < 24:
        number = short
    elif short < 28:
        width = 1 << (short - 24)
        number = int.from_bytes(data[at : at + width], "big")
        at += width
    else:
        raise ValueError("a length is left open")
    if kind == 0:
        return number, at
    if kind == 1:
        return -1 - number, at
    if kind in (2, 3):
        if number > len(data) - at:
            raise ValueError("a string is cut")
        raw = data[at : at + number]
        return (raw if kind == 2 else raw.decode()), at + number
    if kind in (4, 5):
        if number > _MAX_ITEMS:
            raise ValueError("too many items")
        items = []
        for _ in range(number * (kind - 3)):
            item, at = _decode(data, at, depth + 1)
            items.append(item)
        if kind == 4:
            return items, at
        mapping = dict(zip(items[::2], items[1::2], strict=True))
        if len(mapping) < number:
            raise ValueError("a key is there twice")
        return mapping, at
    if kind == 6:
        return _decode(data, at, depth + 1)
    return None, at
