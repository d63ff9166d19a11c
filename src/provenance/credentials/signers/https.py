"""``https://HOST/PATH``: a signing service.

::

    POST /PATH                                  the bytes to sign, some kilobytes
    Content-Type: application/octet-stream
    Provenance-Algorithm: es256                 what the certificate's key signs with
    Authorization: Bearer TOKEN                 only once it has answered 401

    200 OK                                      the bare signature
    401 Unauthorized                            once: a token is wanted
    anything else                               a refusal; its first line is shown to the user

``http`` is for this machine alone. Redirections are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ...errors import SigningError, UsageError
from .base import MAX_SIGNATURE, Secret, Signer, no_secret

TIME_LIMIT = 30.0
"""Seconds that the service may keep silent."""


class ServiceSigner(Signer):
    """A service that is asked once for each signature."""

    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        try:
            parts = urllib.parse.urlsplit(uri)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f"signer {uri}: {error}") from None
        if not host:
            raise UsageError(f"signer {uri}: names no host")
        # A query may be a secret to some services, so messages go without.
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        if parts.username is not None or parts.fragment:
            raise UsageError(f"signer {self.name}: give the token apart, as its password")
        here = _is_loopback(host)
        if parts.scheme == "http" and not here:
            raise UsageError(f"signer {self.name}: use https; http is for this machine alone")
        self._uri = uri
        self._secret = secret
        self._token: str | None = None
        proxies = [urllib.request.ProxyHandler({})] if here else []
        self._opener = urllib.request.build_opener(_NoRedirection, *proxies)

    def sign(self, payload: bytes, algorithm: str) -> bytes:
        headers = {
            "Content-Type": "application/octet-stream",
            "Provenance-Algorithm": algorithm,
            "User-Agent": "provenance",
        }
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            return self._post(payload, headers)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.UNAUTHORIZED or self._token is not None:
                raise self._refused(error) from None
            error.close()
        self._token = self._secret(self.name).decode("latin-1")
        return self.sign(payload, algorithm)

    def _post(self, payload: bytes, headers: dict[str, str]) -> bytes:
        request = urllib.request.Request(self._uri, payload, headers, method="POST")  # noqa: S310
        try:
            with self._opener.open(request, timeout=TIME_LIMIT) as answer:
                signature = bytes(answer.read(MAX_SIGNATURE + 1))
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError as error:
            raise SigningError(f"{self.name}: cannot be reached: {error.reason}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SigningError(f"{self.name}: no proper answer: {error}") from error
        if not 0 < len(signature) <= MAX_SIGNATURE:
            raise SigningError(f"{self.name}: its answer is no signature")
        return signature

    def _refused(self, error: urllib.error.HTTPError) -> SigningError:
        with error:
            said = error.read(500).decode("utf-8", "replace").strip().partition("\n")[0]
        return SigningError(f"{self.name}: answered {error.code} {error.reason}: {said or '-'}")


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """A service that moves must be named anew; what is signed goes nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
