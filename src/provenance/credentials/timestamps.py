"""Time stamps (RFC 3161): proof of when a file was signed, by somebody else."""

from __future__ import annotations

import datetime
import urllib.parse
from dataclasses import dataclass

from ..errors import SigningError, UsageError

CLOCKS = datetime.timedelta(minutes=10)
"""By how much two clocks may differ."""


@dataclass(frozen=True, slots=True)
class TimeStamping:
    """Where time stamps come from."""

    url: str
    """Of an authority. It gets the hash of the signature and nothing else. ``http`` is usual: the
    answer is signed."""
    optional: bool = False
    """Go on without a time stamp, and say so, where the authority gives none."""

    def __post_init__(self) -> None:
        """
        Raises:
            UsageError: ``url`` is none.
        """
        try:
            parts = urllib.parse.urlsplit(self.url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good:
            raise UsageError(f"time stamps by {self.url}: give an address of http: or https:")


class TimeStampError(SigningError):
    """The authority gave no time stamp, or one that is not for this signature."""
