"""ONNX networks on the processor."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any


@functools.cache
def session(path: Path) -> Any:
    """The onnxruntime session of a network file, loaded once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, len(os.sched_getaffinity(0)))
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
