"""What every signer is."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from cryptography import x509

from ...errors import InputError, UsageError
from ..certificates import PrivateKey

MAX_SIGNATURE = 16_384
"""More bytes than this are no signature."""

Secret = Callable[[str], bytes]
"""Gives the secret of what it is told, such as ``desk.p12``; raises if there is none."""


def no_secret(of: str) -> bytes:
    """For those who have none.

    Raises:
        InputError: Always.
    """
    raise InputError(f"{of}: needs its password")


class Signer(ABC):
    """A key somewhere, named by a URI."""

    name: str
    """What messages call it; never holds a secret."""
    private_key: PrivateKey | None = None
    """The key itself, where it is at hand."""
    certificates: tuple[x509.Certificate, ...] = ()
    """Those that lie beside the key, leaf first; empty where there are none."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @abstractmethod
    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        """
        Args:
            uri: with the scheme of this class.
            secret: asked for a password, PIN or token if one is needed.
        """

    @abstractmethod
    def sign(self, payload: bytes, algorithm: str) -> bytes:
        """The signature over ``payload``.

        Args:
            payload: some kilobytes; the picture never leaves.
            algorithm: C2PA name, such as ``es256``.

        Returns:
            For ECDSA DER or raw (r then s), for PS256 PSS with MGF1 and a salt as long as the
            hash, for Ed25519 the 64 bytes.

        Raises:
            SigningError: The signer refused, in its own words.
        """


def optional(module: str, extra: str) -> Any:
    """An optional library.

    Raises:
        UsageError: It is not installed; names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        package = module.partition(".")[0]
        raise UsageError(
            f"{package} is not installed; use `pip install 'provenance[{extra}]'`"
        ) from None
