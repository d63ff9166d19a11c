"""Keys on tokens, by SoftHSM: found by URI, opened by PIN, never copied."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provenance.credentials import load_signer
from provenance.credentials.certificates import to_pem
from provenance.errors import InputError, SigningError, UsageError

from ... import tokens
from .conftest import Signed
from .test_file import KEYS

if TYPE_CHECKING:
    from ..conftest import Authority


@pytest.fixture(scope="module")
def module(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The driver; ``Desk`` holds a key of each kind, ``News Desk`` two of one, ``Empty`` none."""
    driver = tokens.softhsm()
    folder = tmp_path_factory.mktemp("softhsm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", "")
        tokens.configure(folder)
        for label in ("Desk", "News Desk", "Empty"):
            tokens.new_token(label)
        for number, (algorithm, key) in enumerate(KEYS.items(), 1):
            identity = authority.issue(key=key)
            # One issuer on the token is enough.
            if number > 1:
                identity = dataclasses.replace(identity, chain=identity.chain[:1])
            tokens.keep(driver, "Desk", algorithm, f"0{number}", identity, folder)
        for name in ("01", "02"):
            named = authority.issue()
            tokens.keep(driver, "News Desk", "a b", name, named, folder, certificates=False)
            (folder / f"{name}.pem").write_bytes(to_pem(named.chain))
        patch.setenv("TEST_CHAINS", str(folder))
        yield driver


def pin(_: str) -> bytes:
    return tokens.PIN.encode()


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_signs_and_brings_its_certificates(
    algorithm: str, module: str, signed: Signed
) -> None:
    uri = f"pkcs11:token=Desk;object={algorithm}?module-path={module}"
    identity = load_signer(uri, secret=pin)
    assert identity.algorithm == algorithm
    assert callable(identity.key)
    credential = signed(identity)
    assert credential.trusted and credential.algorithm == algorithm


def test_keys_are_found_by_id_and_by_names_with_spaces(module: str, signed: Signed) -> None:
    certificate = Path(os.environ["TEST_CHAINS"]) / "02.pem"
    uri = f"pkcs11:token=News%20Desk;id=%02;type=private?module-path={module}"
    assert signed(load_signer(uri, certificate, pin)).trusted
    # A certificate of the other key is noticed when it has signed.
    wrong = load_signer(uri, certificate.with_name("01.pem"), pin)
    with pytest.raises(SigningError, match="does the certificate belong to this key"):
        signed(wrong)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("token=Nobody", r"no tokens fit \(there: .*Desk"),
        ("object=es256", r"3 tokens fit"),
        ("token=Empty", "no private keys fit"),
        ("token=Desk", "4 private keys fit"),
        ("token=News%20Desk;object=a%20b", "2 private keys fit"),
        ("token=Desk;slot-id=99999999", "no tokens fit"),
    ],
)
def test_what_is_named_must_be_one(path: str, message: str, module: str) -> None:
    with pytest.raises(InputError, match=message):
        load_signer(f"pkcs11:{path}?module-path={module}", secret=pin)


def test_a_wrong_pin_is_noticed_at_once(module: str) -> None:
    asked = []

    def wrong(of: str) -> bytes:
        asked.append(of)
        return b"0000"

    uri = f"pkcs11:token=Desk;object=es256?module-path={module}"
    with pytest.raises(InputError, match="the PIN is wrong") as caught:
        load_signer(uri, secret=wrong)
    assert "0000" not in str(caught.value)
    assert asked == ["pkcs11:token=Desk;object=es256 (its PIN)"]
    with pytest.raises(InputError, match="needs its password"):
        load_signer(uri)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("pkcs11:token=Desk", "module-path"),
        ("pkcs11:token=Desk?module-path=/x&pin-value=1234", "leave it out of the URI"),
        ("pkcs11:tokn=Desk?module-path=/x", "tokn: no attribute"),
        ("pkcs11:token?module-path=/x", "token: no attribute"),
    ],
)
def test_uris_that_will_not_do(uri: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load_signer(uri, secret=pin)
    assert "1234" not in str(caught.value)


def test_a_driver_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path / "none.so", Path(__file__)):
        with pytest.raises(InputError, match="no driver of tokens"):
            load_signer(f"pkcs11:token=Desk?module-path={path}", secret=pin)


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(UsageError, match=r"provenance\[pkcs11\]"):
        load_signer("pkcs11:token=Desk?module-path=/x")


def test_the_command_signs_with_a_token(module: str) -> None:
    uri = f"pkcs11:token=Desk;object=es256?module-path={module}"
    done = subprocess.run(
        [
            Path(sys.executable).with_name("provenance"),
            "identity",
            "show",
            "--signer",
            uri,
            "--json",
        ],
        env={**os.environ, "PROVENANCE_PASSWORD": tokens.PIN},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["identity"]["organisation"] == "Example Press"
