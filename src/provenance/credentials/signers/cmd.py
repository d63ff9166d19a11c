"""``cmd:PROGRAM ARGUMENTS``: any program that signs standard input to standard output.

It gets the bytes to sign, not their hash, and ``PROVENANCE_ALGORITHM`` (such as ``es256``) in its
environment; it gives the bare signature and exits with 0. No shell is involved: words are
separated as a POSIX shell would, and nothing else in them means anything.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

from ...errors import InputError, SigningError, UsageError
from .base import MAX_SIGNATURE, Secret, Signer, no_secret

TIME_LIMIT = 60.0
"""Seconds for one signature, in which a person may have to touch a key."""


class CommandSigner(Signer):
    """A program that is run once for each signature."""

    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        del secret  # whatever it needs, it asks for itself
        try:
            self._words = shlex.split(uri.removeprefix("cmd:"))
        except ValueError as error:
            raise UsageError(f"signer {uri}: {str(error).lower()}") from None
        if not self._words:
            raise UsageError(f"signer {uri}: names no program")
        self.name = f"cmd:{self._words[0]}"
        if shutil.which(self._words[0]) is None:
            raise InputError(f"{self.name}: no such program, or it cannot be run")

    def sign(self, payload: bytes, algorithm: str) -> bytes:
        environment = {**os.environ, "PROVENANCE_ALGORITHM": algorithm}
        try:
            done = subprocess.run(
                self._words,
                input=payload,
                capture_output=True,
                timeout=TIME_LIMIT,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SigningError(f"{self.name}: gave nothing within {TIME_LIMIT:g} s") from None
        except OSError as error:
            raise SigningError(f"{self.name}: cannot be run: {error.strerror}") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip() or "without a word"
            raise SigningError(f"{self.name}: exited with {done.returncode}: {said[-500:]}")
        if not 0 < len(done.stdout) <= MAX_SIGNATURE:
            raise SigningError(f"{self.name}: gave {len(done.stdout)} bytes, which is no signature")
        return done.stdout
