"""Signing with an organisation's key, as docs/signing.md tells."""

from __future__ import annotations

import datetime
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.credentials import identity_folder
from provenance.credentials.certificates import make_ca, make_leaf, to_pem
from provenance.credentials.identity import key_pem

from ..credentials.conftest import Authority
from ..time_stamps import time_stamps
from .conftest import Command

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a newsroom's key in every form; the PKCS#12 file needs `PASSWORD`."""
    folder = tmp_path_factory.mktemp("desk")
    ca, ca_key = make_ca("Example Press", "Example Press")
    leaf, key = make_leaf("Example Press", "Photo desk", ca, ca_key)
    hidden = BestAvailableEncryption(PASSWORD.encode())
    for name, content in {
        "desk-ca.pem": to_pem([ca]),
        "desk.chain.pem": to_pem([leaf, ca]),
        "desk.key.pem": key_pem(key),
        "desk.p12": pkcs12.serialize_key_and_certificates(b"desk", key, leaf, [ca], hidden),
        "password": f"{PASSWORD}\n".encode(),
    }.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    return folder


def test_the_commands_of_the_documentation(
    provenance: Command,
    desk: Path,
    detail: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(desk)
    text = (ROOT / "docs" / "signing.md").read_text()
    commands = re.findall(r"^provenance (.+--signer \"?(?:file|cmd):.+)$", text, re.MULTILINE)
    assert len(commands) == 4
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home"), "PROVENANCE_PASSWORD": PASSWORD}
    for number, command in enumerate(commands):
        arguments = shlex.split(command.replace("photo.jpg", str(detail)))
        target = tmp_path / f"{number}.avif"
        if arguments[0] == "compress":
            arguments += ["-q", "1", "-o", str(target)]
        done = provenance(*arguments, env=elsewhere)
        assert done.code == 0 and done.err == "", done.err
        if arguments[0] == "identity":
            assert "Photo desk" in done.out
            continue
        assert provenance("verify", target, env=elsewhere).code == 5
        assert provenance("trust", "add", "desk-ca.pem", "desk", env=elsewhere).code == 0
        found = provenance("verify", target, "--json", env=elsewhere).json("verify")
        assert found["verdict"]["trusted"] and found["signer"]["trusted_by"] == "desk"
        assert found["signer"]["organisation"] == "Example Press"
        assert provenance("trust", "remove", "desk", env=elsewhere).code == 0


def test_the_commands_about_trust_of_the_documentation(
    provenance: Command, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = desk / "desk-ca.pem"
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    for path in (tmp_path / "desk-ca.pem", tmp_path / "clock-ca.pem", agencies / "one.crt"):
        path.write_bytes(authority.read_bytes())
    ca, key = make_ca("Press", "Press")
    now = datetime.datetime.now(datetime.UTC)
    crl = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now)
    signed = crl.next_update(now).sign(key, hashes.SHA256())
    (tmp_path / "press.crl").write_bytes(signed.public_bytes(Encoding.PEM))
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "verifying.md").read_text()
    commands = re.findall(r"^provenance (trust .+)$", text, re.MULTILINE)
    assert len(commands) == 4
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home")}
    for command in commands:
        done = provenance(*shlex.split(command), env=elsewhere)
        assert done.code == 0 and done.err == "", done.err
    told = provenance("trust", "list", "--json", env=elsewhere).json("trust")
    purposes = {anchor["name"]: anchor["purpose"] for anchor in told["anchors"]}
    assert purposes == {"agencies": "signers", "desk": "signers", "clock": "time-stamps"}
    assert [one["name"] for one in told["revocation_lists"]] == ["press-crl"]


def test_a_password_comes_from_a_file_before_the_environment(
    provenance: Command, desk: Path, tmp_path: Path
) -> None:
    show = ("identity", "show", "--signer", f"file:{desk / 'desk.p12'}")
    done = provenance(*show)
    assert done.code == 6 and "--password-file" in done.err and "desk.p12" in done.err
    done = provenance(*show, env={"PROVENANCE_PASSWORD": "battery staple"})
    assert done.code == 6 and "password is wrong" in done.err
    told = {"PROVENANCE_PASSWORD": "battery staple"}
    done = provenance(*show, "--password-file", desk / "password", env=told)
    assert done.code == 0 and done.err == ""
    told = {"PROVENANCE_PASSWORD_FILE": str(desk / "password")}
    assert provenance(*show, env=told).code == 0
    open_ = tmp_path / "password"
    open_.write_text(PASSWORD)
    open_.chmod(0o644)
    done = provenance(*show, "--password-file", open_)
    assert done.code == 0 and "password file readable by others" in done.err
    assert PASSWORD not in done.out + done.err


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(desk: Path) -> None:
    terminal, end = os.openpty()
    script = Path(sys.executable).with_name("provenance")
    with subprocess.Popen(
        [script, "identity", "show", "--signer", f"file:{desk / 'desk.p12'}"],
        stdin=end,
        stderr=end,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        os.close(end)
        shown = b""
        while b": " not in shown:
            shown += os.read(terminal, 1000)
        assert b"Password of" in shown and b"desk.p12" in shown
        os.write(terminal, f"{PASSWORD}\n".encode())
        out, _ = process.communicate(timeout=60)
        try:
            shown += os.read(terminal, 1000)
        except OSError:  # how a terminal says that its other end is closed
            pass
        finally:
            os.close(terminal)
    assert process.returncode == 0 and "Photo desk" in out
    assert PASSWORD.encode() not in shown


def test_the_environment_names_the_signer(provenance: Command, desk: Path) -> None:
    told = {
        "PROVENANCE_SIGNER": f"file:{desk / 'desk.key.pem'}",
        "PROVENANCE_CERTIFICATE": str(desk / "desk.chain.pem"),
    }
    assert "Photo desk" in provenance("identity", "show", env=told).out


def test_a_key_file_that_others_can_read_is_warned_of(provenance: Command, desk: Path) -> None:
    key = desk / "shared.key.pem"
    key.write_bytes((desk / "desk.key.pem").read_bytes())
    key.chmod(0o644)
    sign = ("--signer", f"file:{key}", "--certificate", desk / "desk.chain.pem")
    done = provenance("identity", "show", *sign)
    assert done.code == 0 and "key file readable by others" in done.err


def test_the_time_of_signing_is_proven(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    clock = Authority(tmp_path)
    stamper = clock.issue(usages=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
    assert not callable(stamper.key)
    target = tmp_path / "stamped.png"
    with time_stamps(tmp_path, stamper.chain, stamper.key) as url:
        done = provenance("decompress", compressed, "-o", target, "--timestamp", url)
    assert done.code == 0 and done.err == "", done.err
    assert provenance("verify", target, "--json").json("verify")["signed_at"] is None
    done = provenance("trust", "add", clock.path, "clock", "--time-stamps", "--json")
    assert done.json("trust")["added"]["purpose"] == "time-stamps"
    try:
        assert provenance("verify", target, "--json").json("verify")["signed_at"]
        assert "(time-stamps, until" in provenance("trust", "list").out
    finally:
        assert provenance("trust", "remove", "clock").code == 0


def test_without_a_time_stamp_only_if_allowed(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    target = tmp_path / "plain.png"
    down = ("--timestamp", "http://127.0.0.1:9/")
    done = provenance("decompress", compressed, "-o", target, *down)
    assert done.code == 6 and "no time stamp by http://127.0.0.1:9/" in done.err
    assert not target.exists()
    done = provenance("decompress", compressed, "-o", target, *down, "--timestamp-optional")
    assert done.code == 0 and "signed without one" in done.err
    assert provenance("verify", target).code == 0
    done = provenance("decompress", compressed, "-o", tmp_path / "x", "--timestamp-optional")
    assert done.code == 2 and "--timestamp" in done.err


def test_a_revocation_list_takes_a_signature_back(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    identity = identity_folder()
    ca = x509.load_pem_x509_certificate((identity / "ca.pem").read_bytes())
    leaf = x509.load_pem_x509_certificates((identity / "signer.pem").read_bytes())[0]
    key = load_pem_private_key((identity / "ca-key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    entry = x509.RevokedCertificateBuilder().serial_number(leaf.serial_number).revocation_date(now)
    crl = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now)
    crl = crl.next_update(now).add_revoked_certificate(entry.build())
    path = tmp_path / "local.crl"
    path.write_bytes(crl.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))

    done = provenance("trust", "revoke", path, "local-crl", "--json")
    assert done.code == 0 and done.json("trust")["revoked"]["certificates"] == 1
    try:
        assert provenance("trust", "revoke", path, "local-crl").code == 6
        assert provenance("trust", "revoke", path, "local-crl", "--force").code == 0
        assert "local-crl" in provenance("trust", "list").out
        listed = provenance("trust", "list", "--json").json("trust")
        assert listed["revocation_lists"][0]["name"] == "local-crl"
        done = provenance("verify", compressed)
        assert done.code == 4 and "signingCredential.revoked" in done.out
        assert "unchanged, but the signature is not valid" in done.out
    finally:
        assert provenance("trust", "remove", "local-crl").code == 0
    assert provenance("verify", compressed).code == 0
