"""``gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1``: Google Cloud KMS.

Credentials are Google's application default ones. ``?endpoint=HOST`` names another endpoint, such
as a regional one.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from ...errors import InputError, SigningError, UsageError
from ..signatures import digest, hash_name
from .base import Secret, Signer, no_secret, optional

TIME_LIMIT = 30.0
"""Seconds for one signature, further attempts included."""

_VERSION = re.compile(
    r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/[0-9]+"
)


class GoogleSigner(Signer):
    """A key that never leaves Google Cloud KMS; the hash is made here."""

    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        del secret  # Google's library has its own
        kms = optional("google.cloud.kms", "gcp")
        self._failed = optional("google.api_core.exceptions", "gcp").GoogleAPIError
        self._refused = optional("google.auth.exceptions", "gcp").GoogleAuthError
        # The library's own goes on for a minute.
        self._retry = optional("google.api_core.retry", "gcp").Retry(timeout=TIME_LIMIT)
        self._version, _, query = uri.removeprefix("gcpkms:").partition("?")
        self.name = f"gcpkms:{self._version}"
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if not _VERSION.fullmatch(self._version) or asked.keys() - {"endpoint"}:
            raise UsageError(
                f"signer {uri}: give gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/"
                "cryptoKeyVersions/N and no more than ?endpoint=HOST"
            )
        options = {"api_endpoint": asked["endpoint"]} if "endpoint" in asked else None
        try:
            self._client = kms.KeyManagementServiceClient(client_options=options)
        except self._refused as error:
            raise InputError(f"{self.name}: {error}") from error

    def sign(self, payload: bytes, algorithm: str) -> bytes:
        request: dict[str, object] = {"name": self._version}
        if algorithm == "ed25519":
            request["data"] = payload
        else:
            request["digest"] = {hash_name(algorithm): digest(payload, algorithm)}
        try:
            answer = self._client.asymmetric_sign(
                request=request, retry=self._retry, timeout=TIME_LIMIT
            )
        except (self._failed, self._refused) as error:
            raise SigningError(f"{self.name}: {error}") from error
        return bytes(answer.signature)
