"""``pkcs11:token=DESK;object=signer?module-path=/usr/lib/…/module.so``: smart cards and HSMs.

URIs follow RFC 7512. ``token``, ``serial`` or ``slot-id`` choose the token, ``object`` (label) or
``id`` the key; what is left out must leave one. ``module-path`` is the driver's library. The PIN
is a secret and not part of the URI. A certificate on the token that belongs to the key is used
unless another is given.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from cryptography import x509

from ...errors import InputError, SigningError, UsageError
from ..certificates import chain_of
from ..signatures import digest
from .base import Secret, Signer, no_secret, optional

if TYPE_CHECKING:
    import pkcs11

_PATH = {"token", "serial", "slot-id", "object", "id", "type", "manufacturer", "model"}
_QUERY = {"module-path"}
_SECRETS = {"pin-value", "pin-source"}

_LOCK = threading.Lock()
"""A token is logged in to once for a whole process."""


class TokenSigner(Signer):
    """A key that never leaves its token; the hash is made here."""

    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        self._library = optional("pkcs11", "pkcs11")
        self._path, query = _parse(uri)
        self._module = query.get("module-path", "")
        if not self._module:
            raise UsageError(f"{uri}: lacks ?module-path=, the library of the token's driver")
        self.name = f"pkcs11:{uri.removeprefix('pkcs11:').partition('?')[0]}"
        token = self._token()
        flags = token.flags
        self._pin: Any = None
        if flags & self._library.TokenFlag.PROTECTED_AUTHENTICATION_PATH:
            self._pin = self._library.PROTECTED_AUTH
        elif flags & self._library.TokenFlag.LOGIN_REQUIRED:
            self._pin = secret(f"{self.name} (its PIN)").decode()
        with self._session() as session:
            key = self._key(session)
            self.certificates = self._certificates(session, key)

    def sign(self, payload: bytes, algorithm: str) -> bytes:
        known = self._library.Mechanism
        if algorithm == "ed25519":
            mechanism, parameters, data = known.EDDSA, None, payload
        elif algorithm == "ps256":
            parameters = (known.SHA256, self._library.MGF.SHA256, 32)
            mechanism, data = known.RSA_PKCS_PSS, digest(payload, algorithm)
        else:
            mechanism, parameters, data = known.ECDSA, None, digest(payload, algorithm)
        with self._session() as session:
            key = self._key(session)
            again = self._pin if _asks_each_time(key, self._library) else None
            signature = key.sign(data, mechanism=mechanism, mechanism_param=parameters, pin=again)
            return bytes(signature)

    def _token(self) -> pkcs11.Token:
        try:
            slots = self._library.lib(self._module).get_slots(token_present=True)
            tokens = [slot.get_token() for slot in slots if self._is_wanted(slot)]
        except (self._library.PKCS11Error, RuntimeError) as error:
            raise InputError(f"{self._module}: no driver of tokens: {_words(error)}") from error
        ready = self._library.TokenFlag.TOKEN_INITIALIZED
        tokens = [token for token in tokens if token.flags & ready]
        found = [token for token in tokens if self._fits(token)]
        if len(found) != 1:
            there = ", ".join(token.label for token in tokens) or "none"
            number = len(found) or "no"
            raise InputError(f"{self.name}: {number} tokens fit (there: {there})")
        token: pkcs11.Token = found[0]
        return token

    def _is_wanted(self, slot: pkcs11.Slot) -> bool:
        return str(slot.slot_id) == self._path.get("slot-id", str(slot.slot_id))

    def _fits(self, token: pkcs11.Token) -> bool:
        facts = {
            "token": token.label,
            "serial": token.serial.decode("utf-8", "replace"),
            "manufacturer": token.manufacturer_id,
            "model": token.model,
        }
        return all(
            fact.strip() == unquote(self._path.get(name, fact)).strip()
            for name, fact in facts.items()
        )

    @contextmanager
    def _session(self) -> Iterator[pkcs11.Session]:
        library = self._library
        try:
            with _LOCK, self._token().open(user_pin=self._pin) as session:
                yield session
        except (library.PinIncorrect, library.PinInvalid, library.PinLenRange):
            raise InputError(f"{self.name}: the PIN is wrong") from None
        except library.PinLocked:
            raise InputError(f"{self.name}: the PIN is locked after too many wrong ones") from None
        except library.PKCS11Error as error:
            raise SigningError(f"{self.name}: {_words(error)}") from error

    def _key(self, session: pkcs11.Session) -> Any:
        wanted: dict[pkcs11.Attribute, object] = {
            self._library.Attribute.CLASS: self._library.ObjectClass.PRIVATE_KEY
        }
        if "object" in self._path:
            wanted[self._library.Attribute.LABEL] = unquote(self._path["object"])
        if "id" in self._path:
            wanted[self._library.Attribute.ID] = unquote_to_bytes(self._path["id"])
        found = list(session.get_objects(wanted))
        if len(found) != 1:
            number = len(found) or "no"
            raise InputError(f"{self.name}: {number} private keys fit; name one by object= or id=")
        return found[0]

    def _certificates(self, session: pkcs11.Session, key: Any) -> tuple[x509.Certificate, ...]:
        """The key's certificate by its id, and those on the token that issued it."""
        attribute = self._library.Attribute
        wanted = {attribute.CLASS: self._library.ObjectClass.CERTIFICATE}
        found = [
            (bytes(entry[attribute.ID]), x509.load_der_x509_certificate(entry[attribute.VALUE]))
            for entry in session.get_objects(wanted)
        ]
        own = [certificate for name, certificate in found if name == bytes(key.id)]
        return chain_of(own[0], (entry for _, entry in found if entry != own[0])) if own else ()


def _parse(uri: str) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes of path and query; the path's are still percent-encoded, for ids are bytes."""
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    parts = [part.partition("=") for part in path.split(";") if part]
    asked = [part.partition("=") for part in query.split("&") if part]
    for name, equals, _ in (*parts, *asked):
        if name in _SECRETS:
            raise UsageError(f"pkcs11: {name}: the PIN is asked for; leave it out of the URI")
        if not equals or name not in _PATH | _QUERY:
            raise UsageError(f"pkcs11: {name}: no attribute that is known (RFC 7512)")
    return (
        {name: value for name, _, value in parts},
        {name: unquote(value) for name, _, value in asked},
    )


def _asks_each_time(key: Any, library: Any) -> bool:
    """Whether a key wants the PIN for each signature, as those of some smart cards do."""
    try:
        return bool(key[library.Attribute.ALWAYS_AUTHENTICATE])
    except library.AttributeTypeInvalid:
        return False


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
