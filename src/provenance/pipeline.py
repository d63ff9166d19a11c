"""Many files at once: verified in order, on all cores, whatever is wrong with one of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from . import api
from .credentials import TrustStore, default_trust
from .errors import InputError, ProvenanceError
from .files import MAX_PIXELS
from .sources import pictures
from .verification import Policy, Report

MAX_WORKERS = 8
"""Each holds a file in memory."""


def verify_many(
    paths: Iterable[Path | str],
    *,
    trust: TrustStore | None = None,
    policy: Policy | None = None,
    decode: bool = False,
    max_pixels: int = MAX_PIXELS,
    remote: bool = False,
    workers: int | None = None,
) -> Iterator[tuple[Path, Report | ProvenanceError]]:
    """Verify files, and the pictures in folders, to any depth.

    Args:
        paths: files and folders; see `provenance.sources.pictures`.
        trust: whose signatures to trust; None for this machine's anchors.
        policy, decode, max_pixels, remote: see `provenance.verify`.
        workers: threads; None for one per core, or a single one to decode.

    Yields:
        Each file in order, with its report, or with why it could not be read.

    Raises:
        InputError: The trust store cannot be read.
    """
    # Once for all: what is wrong with it is no file's fault.
    anchors = (trust or default_trust()).held()
    # Decoding takes all cores by itself, and much memory.
    workers = workers or (1 if decode else min(MAX_WORKERS, os.cpu_count() or 1))

    def verify(path: Path, problem: InputError | None) -> Report | ProvenanceError:
        if problem is not None:
            return problem
        try:
            return api.verify(
                path,
                trust=anchors,
                policy=policy,
                decode=decode,
                max_pixels=max_pixels,
                remote=remote,
            )
        except ProvenanceError as error:
            return error
        except Exception as error:  # a fault of ours, which must not keep others from being read
            kind = type(error).__name__
            return ProvenanceError(f"{path}: internal error: {kind}: {error}")

    with ThreadPoolExecutor(workers) as pool:
        begun: deque[tuple[Path, Future[Report | ProvenanceError]]] = deque()
        for path, problem in pictures(map(Path, paths)):
            begun.append((path, pool.submit(verify, path, problem)))
            # No further ahead than keeps every worker busy.
            if len(begun) > 2 * workers:
                done, future = begun.popleft()
                yield done, future.result()
        for path, future in begun:
            yield path, future.result()
