"""ONNX networks on the processor."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any


@functools.cache
def session(path: Path) -> Any:
    """The onnxruntime session of a network file, loaded once.

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
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
