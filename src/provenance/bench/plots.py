"""Figures of the benchmarks, by matplotlib without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def figure(panels: int, path: Path, *, dpi: int, **options: Any) -> Iterator[Any]:
    """Axes side by side; what is drawn into them is written as ``.png`` and ``.svg``.

    Args:
        path: of the files, without suffix.
        dpi: of the PNG.
        options: of matplotlib's `subplots`.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    drawn, axes = plt.subplots(1, panels, layout="constrained", **options)
    yield axes
    for suffix in ("png", "svg"):
        drawn.savefig(path.with_name(f"{path.name}.{suffix}"), dpi=dpi)
    plt.close(drawn)
