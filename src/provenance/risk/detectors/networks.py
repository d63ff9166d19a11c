"""ONNX networks on the processor.

All run in one thread of their own, which lets onnxruntime take numbers below the smallest normal
one as zero: the processor needs hundreds of cycles for each, and flat parts of a picture leave many
(the text detector takes 2.3 times as long with them). The setting is the thread's, so nobody else's
arithmetic changes.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy.typing as npt

_Result = TypeVar("_Result")


def run(path: Path, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """The outputs of the network in a file, which is loaded once."""

    def outputs() -> list[npt.NDArray[Any]]:
        found: list[npt.NDArray[Any]] = _session(path, os.getpid()).run(None, dict(inputs))
        return found

    return _there(outputs)


def metadata(path: Path) -> dict[str, str]:
    """What the publisher of the network in a file wrote beside it."""

    def read() -> dict[str, str]:
        found: dict[str, str] = _session(path, os.getpid()).get_modelmeta().custom_metadata_map
        return found

    return _there(read)


def _there(work: Callable[[], _Result]) -> _Result:
    """What ``work`` gives, done in the networks' thread."""
    return _thread(os.getpid()).submit(work).result()


@functools.cache
def _thread(process: int) -> ThreadPoolExecutor:  # noqa: ARG001
    """Of this process: one that was forked has none of the threads before."""
    return ThreadPoolExecutor(1, thread_name_prefix="networks")


@functools.cache
def _session(path: Path, process: int) -> Any:  # noqa: ARG001
    """The onnxruntime session of a network file, in this process.

    From 1.29 on, onnxruntime reports to its maker what runs where, on Linux as on Windows, unless
    told before its start not to. Nothing of a photo desk's work is anybody's business.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, len(os.sched_getaffinity(0)))
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
