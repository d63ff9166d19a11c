"""A token of SoftHSM (Debian: softhsm2, opensc) with a newsroom's keys."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from provenance.credentials import Identity
from provenance.credentials.identity import key_pem

PIN = "a pin"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")


def softhsm() -> str:
    """The driver of software tokens; skips where it is not installed and need not be."""
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module and shutil.which("pkcs11-tool") and shutil.which("softhsm2-util"):
        return module
    if os.environ.get("PROVENANCE_TOKENS") == "required":
        pytest.fail("SoftHSM and OpenSC must be installed")
    pytest.skip("needs SoftHSM and OpenSC")


def configure(folder: Path) -> None:
    """Make SoftHSM keep its tokens here, from now on."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")


def new_token(label: str) -> None:
    _run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN)


def keep(
    module: str,
    token: str,
    label: str,
    number: str,
    identity: Identity,
    folder: Path,
    *,
    certificates: bool = True,
) -> None:
    """Put key and certificates on a token.

    Args:
        number: identifier of the key in hexadecimal.
    """
    assert not callable(identity.key)
    key = folder / "key.pem"
    key.write_bytes(key_pem(identity.key))
    names = ("--token", token, "--label", label, "--id", number, "--pin", PIN)
    _run("softhsm2-util", "--import", str(key), *names)
    for place, certificate in enumerate(identity.chain if certificates else ()):
        file = folder / "certificate.der"
        file.write_bytes(_der(certificate))
        login = ("--module", module, "--token-label", token, "--login", "--pin", PIN)
        at = ("--id", number if place == 0 else f"f{place}{number}", "--label", label)
        _run("pkcs11-tool", *login, *at, "--type", "cert", "--write-object", str(file))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
