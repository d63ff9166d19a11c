"""Time stamps that somebody puts into a signature: its unprotected header is not signed."""

from __future__ import annotations

import dataclasses
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from subprocess import run
from typing import NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.credentials import Purpose, TimeStamping, TrustStore, sign
from provenance.credentials.cose import _decode
from provenance.labels import Label
from provenance.verification import Report, verify

from ..cose import content, stamps, string, with_headers
from ..time_stamps import time_stamps
from .conftest import Authority


class Scene(NamedTuple):
    """A file whose signer's certificate has ended since it was signed, and tokens for it."""

    data: bytes
    tokens: dict[str, bytes]
    trust: TrustStore


@pytest.fixture(scope="module")
def scene(
    files: dict[str, bytes], label: Label, original: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Scene:
    folder = tmp_path_factory.mktemp
    press, clock, stranger = (Authority(folder(name)) for name in ("press", "clock", "stranger"))
    trust = TrustStore(folder("home") / "trust")
    trust.add(press.path, "press")
    trust.add(clock.path, "clock", Purpose.TIME_STAMPS)
    seconds = 12
    ending = press.issue(days=(-1, seconds / 86400))
    began = time.monotonic()
    usage = {"usages": [ExtendedKeyUsageOID.TIME_STAMPING], "critical": True}
    with ExitStack() as stack:

        def authority(by: Authority, days: tuple[float, float] = (-1, 100)) -> str:
            stamper = by.issue(days=days, **usage)  # type: ignore[arg-type]
            assert not callable(stamper.key)
            place = folder("tsa")
            return stack.enter_context(time_stamps(place, stamper.chain, stamper.key))

        trusted = authority(clock)
        signer = dataclasses.replace(ending, time_stamps=TimeStamping(trusted))
        data = sign(
            files["image/png"],
            "image/png",
            label,
            signer,
            original=original,
            original_media_type="image/jpeg",
        )
        what = _stamped(data)
        tokens = {
            "good": _token(trusted, what, folder("token")),
            "again": _token(trusted, what, folder("token")),
            "stranger": _token(authority(stranger), what, folder("token")),
            "other": _token(trusted, b"something else", folder("token")),
            "ended": _token(authority(clock, (-1, seconds / 86400)), what, folder("token")),
            "noise": b"noise",
        }
        time.sleep(max(0.0, seconds + 1 - (time.monotonic() - began)))
        tokens["late"] = _token(trusted, what, folder("token"))
    return Scene(data, tokens, trust)


def _stamped(png: bytes) -> bytes:
    """What a time stamp is for (C2PA 2.2, 10.3.2.5)."""
    protected, _, _, signature = _decode(content(png, b"c2pa.signature"), 0, 0)[0]
    name = b"CounterSignature"
    parts = bytes([0x60 + len(name)]) + name, string(protected), string(b"")
    return b"\x84" + b"".join(parts) + string(string(signature))


def _token(url: str, what: bytes, folder: Path) -> bytes:
    def openssl(*arguments: str) -> None:
        run(["openssl", "ts", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "what").write_bytes(what)
    openssl("-query", "-data", "what", "-sha256", "-cert", "-out", "query")
    headers = {"Content-Type": "application/timestamp-query"}
    query = urllib.request.Request(url, (folder / "query").read_bytes(), headers)
    with urllib.request.urlopen(query) as answer:
        (folder / "reply").write_bytes(answer.read())
    openssl("-reply", "-in", "reply", "-token_out", "-out", "token")
    return (folder / "token").read_bytes()


def _verified(scene: Scene, *headers: tuple[bytes, list[str]]) -> Report:
    made = [stamps(name, *(scene.tokens[which] for which in given)) for name, given in headers]
    return verify(with_headers(scene.data, *made), "photo", scene.trust)


@pytest.mark.parametrize("token", ["good", "again", "ended"])
def test_a_token_of_the_time_proves_it(token: str, scene: Scene) -> None:
    report = _verified(scene, (b"sigTst2", [token]))
    assert report.trusted and report.signed_at, report.steps


@pytest.mark.parametrize(
    "tokens",
    [[], ["stranger"], ["other"], ["noise"], ["late"]]
    + [pair for other in ("again", "stranger", "other", "noise", "late", "ended")
       for pair in (["good", other], [other, "good"])],
    ids=" ".join,
)  # fmt: skip
def test_no_other_and_none_of_several_does(tokens: list[str], scene: Scene) -> None:
    """The standard takes one token; of several, nobody may choose the one that suits."""
    report = _verified(scene, (b"sigTst2", tokens))
    assert report.intact and not report.valid and not report.trusted
    assert report.exit_code == 4 and "expired" in report.steps[3].detail
    assert (report.signed_at is not None) == (tokens == ["late"])


@pytest.mark.parametrize(
    "headers",
    [
        [(b"sigTst", ["good"])],
        [(b"sigTst", ["good"]), (b"sigTst2", ["good"])],
        [(b"sigTst2", ["good"]), (b"sigTst2", ["good"])],
    ],
    ids=["older", "both", "twice"],
)
def test_nor_does_one_under_two_headers_or_another(
    headers: list[tuple[bytes, list[str]]], scene: Scene
) -> None:
    report = _verified(scene, *headers)
    assert not report.valid and not report.trusted and report.exit_code == 4
