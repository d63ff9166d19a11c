"""Certificates that somebody has altered: whatever is asked of them, nothing is raised."""

from __future__ import annotations

import datetime
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from provenance.credentials.certificates import (
    check_chain,
    from_der,
    is_ca,
    leads_to,
    make_ca,
    make_leaf,
    read_pem,
    subject_of,
)
from provenance.credentials.cose import signatures
from provenance.credentials.revocation import revoked
from provenance.errors import InputError, SigningError


@pytest.fixture(scope="module")
def chain() -> tuple[x509.Certificate, x509.Certificate]:
    ca, ca_key = make_ca("Example Press", "Desk")
    return make_leaf("Example Press", "Desk", ca, ca_key)[0], ca


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("which", [0, 1])
def test_every_flipped_bit(which: int, chain: tuple[x509.Certificate, x509.Certificate]) -> None:
    now = datetime.datetime.now(datetime.UTC)
    encoded = chain[which].public_bytes(Encoding.DER)
    read = 0
    for bit in range(8 * len(encoded)):
        changed = bytearray(encoded)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            altered = from_der(bytes(changed))
        except ValueError as error:
            assert re.match("certificate: cannot be read: .", str(error))
            continue
        read += 1
        subject_of(altered)
        is_ca(altered)
        altered_chain = (altered, chain[1]) if which == 0 else (chain[0], altered)
        leads = leads_to(altered_chain[:1], altered_chain[1], now)
        # An anchor's own signature proves nothing, and a leaf's may tell how many bits are unused.
        assert not leads or which == 1 or _says(altered) == _says(chain[0])
        revoked(altered_chain, chain[1:], (), None)
        try:
            check_chain(altered_chain, now)
            assert which == 1 or _says(altered) == _says(chain[0])
        except SigningError as error:
            assert "\n" not in str(error)
    assert read > len(encoded)


def _says(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    return certificate.tbs_certificate_bytes, certificate.signature


def test_a_file_of_an_altered_one_is_refused_in_one_line(
    chain: tuple[x509.Certificate, x509.Certificate],
) -> None:
    pem = bytearray(chain[0].public_bytes(Encoding.PEM))
    pem[30:34] = b"AAAA"
    with pytest.raises(InputError, match=r"desk\.pem: holds no readable"):
        read_pem(bytes(pem), "desk.pem")


@pytest.mark.parametrize("store", [b"", b"\0\0\0\x08jumb", b"\xff" * 40, bytes(100)])
def test_a_store_that_is_none_has_no_signers(store: bytes) -> None:
    assert signatures(store) == {}
