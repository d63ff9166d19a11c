"""``awskms:KEY``: a key in AWS KMS, by its ID, ARN or ``alias/NAME``.

Credentials, region and endpoint are those of boto3 (environment, files, roles); ``?region=`` names
another region, and an ARN its own.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from ...errors import InputError, SigningError, UsageError
from ..signatures import digest
from .base import Secret, Signer, no_secret, optional

TIME_LIMIT = 30
"""Seconds that the service may keep silent."""

_ALGORITHMS = {
    "es256": "ECDSA_SHA_256",
    "es384": "ECDSA_SHA_384",
    "es512": "ECDSA_SHA_512",
    "ed25519": "ED25519_SHA_512",
    "ps256": "RSASSA_PSS_SHA_256",
}

_MOST_RAW = 4096
"""Bytes that the service hashes itself; of more it takes the hash."""


class AwsSigner(Signer):
    """A key that never leaves AWS KMS."""

    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        del secret  # boto3 has its own
        boto3 = optional("boto3", "aws")
        self._errors = optional("botocore.exceptions", "aws")
        config = optional("botocore.config", "aws").Config(
            connect_timeout=TIME_LIMIT, read_timeout=TIME_LIMIT
        )
        self._key, _, query = uri.removeprefix("awskms:").partition("?")
        self.name = f"awskms:{self._key}"
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if not self._key or asked.keys() - {"region"}:
            raise UsageError(f"signer {uri}: give awskms:KEY or awskms:KEY?region=NAME")
        region = asked.get("region") or _region(self._key)
        try:
            self._client = boto3.client("kms", region_name=region, config=config)
        except (self._errors.BotoCoreError, ValueError) as error:
            raise InputError(f"{self.name}: {error}") from error

    def sign(self, payload: bytes, algorithm: str) -> bytes:
        raw = algorithm == "ed25519" or len(payload) <= _MOST_RAW
        try:
            answer = self._client.sign(
                KeyId=self._key,
                Message=payload if raw else digest(payload, algorithm),
                MessageType="RAW" if raw else "DIGEST",
                SigningAlgorithm=_ALGORITHMS[algorithm],
            )
        except (self._errors.BotoCoreError, self._errors.ClientError) as error:
            raise SigningError(f"{self.name}: {error}") from error
        return bytes(answer["Signature"])


def _region(key: str) -> str | None:
    """Of an ARN: ``arn:aws:kms:REGION:ACCOUNT:key/ID``."""
    parts = key.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None
