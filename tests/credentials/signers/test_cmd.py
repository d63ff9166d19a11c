"""Any program signs: bytes in, signature out, and its own words when it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provenance.credentials import load_signer
from provenance.credentials.signers import cmd
from provenance.errors import InputError, SigningError, UsageError

from .conftest import Signed, stored
from .test_file import KEYS

if TYPE_CHECKING:
    from ..conftest import Authority

OPENSSL = {
    "es256": "dgst -sha256 -sign {key}",
    "es384": "dgst -sha384 -sign {key}",
    "ps256": "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign {key}",
}


@pytest.mark.parametrize("algorithm", OPENSSL)
def test_openssl_signs(
    algorithm: str, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    folder = tmp_path / "news desk"
    folder.mkdir()
    key, certificates = stored(folder, authority.issue(key=KEYS[algorithm]))
    command = OPENSSL[algorithm].format(key=f"'{key}'")
    credential = signed(load_signer(f"cmd:openssl {command}", certificates))
    assert credential.trusted and credential.algorithm == algorithm


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that is still to be written."""
    return tmp_path / "sign"


def _python(program: Path, code: str) -> str:
    program.write_text(f"#!{sys.executable}\n{code}")
    program.chmod(0o700)
    return f"cmd:{program}"


def test_it_learns_the_algorithm_and_gets_the_words_as_they_are(
    program: Path, authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    _, certificates = stored(tmp_path, authority.issue())
    told = tmp_path / "told"
    uri = _python(
        program,
        "import os, sys\n"
        "told = os.environ['PROVENANCE_ALGORITHM'], sys.argv[1:]\n"
        f"open({str(told)!r}, 'w').write(repr(told))\n"
        "sys.exit(3)\n",
    )
    with pytest.raises(SigningError):
        signed(load_signer(f"{uri} 'two words' $HOME ; touch x | *", certificates))
    assert told.read_text() == str(("es256", ["two words", "$HOME", ";", "touch", "x", "|", "*"]))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit('card was pulled out')", "exited with 1: card was pulled out"),
        ("import sys; sys.exit(7)", "exited with 7: without a word"),
        ("pass", "gave 0 bytes"),
        ("print('x' * 100_000)", "no signature"),
        ("print('x' * 63)", "not ES256 by the key"),
        ("import os; os.kill(os.getpid(), 9)", "exited with -9"),
        ("import time; time.sleep(60)", "gave nothing within 0.5 s"),
    ],
)
def test_its_own_words_reach_the_user(
    code: str,
    message: str,
    program: Path,
    authority: Authority,
    tmp_path: Path,
    signed: Signed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "sleep" in code:
        monkeypatch.setattr(cmd, "TIME_LIMIT", 0.5)
    _, certificates = stored(tmp_path, authority.issue())
    with pytest.raises(SigningError, match=message):
        signed(load_signer(_python(program, code), certificates))


def test_a_signature_by_another_key_is_refused(
    authority: Authority, tmp_path: Path, signed: Signed
) -> None:
    key, _ = stored(tmp_path, authority.issue())
    other = tmp_path / "other"
    other.mkdir()
    _, certificates = stored(other, authority.issue())
    with pytest.raises(SigningError, match="does the certificate belong to this key"):
        signed(load_signer(f"cmd:openssl dgst -sha256 -sign {key}", certificates))


def test_programs_that_are_not_there_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such program"):
        load_signer("cmd:no-such-program --key desk")
    with pytest.raises(UsageError, match="no closing quotation"):
        load_signer("cmd:sign 'desk")
    with pytest.raises(UsageError, match="names no program"):
        load_signer("cmd: ")
    with pytest.raises(UsageError, match="--certificate"):
        load_signer("cmd:openssl")
