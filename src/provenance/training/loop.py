"""The training loop: schedule, averaged weights, checkpoint and log in a work folder.

The same call goes on where it stopped. On CUDA a step is one graph, which is captured at the first
batch and replayed from then on: its thousands of small kernels would else wait for Python.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

WARM_STEPS = 200
"""Steps over which the learning rate grows to its highest."""

SAVED_EVERY = 1000
"""Steps between checkpoints."""


def run(
    network: nn.Module,
    draw: Callable[[np.random.Generator], tuple[Tensor, ...]],
    loss_of: Callable[..., Tensor],
    evaluate: Callable[[], list[tuple[float, float, float]]],
    *,
    work: Path,
    minutes: float,
    rate: float,
    rates: Mapping[str, float] | None = None,
    report_minutes: float = 30.0,
) -> None:
    """Train ``network`` with Adam until the schedule of ``minutes`` is over.

    Args:
        draw: a batch: tensors on the device of the network, alike in shape every time.
        loss_of: loss of such tensors. On CUDA its Python runs for the first of them alone.
        evaluate: rows for the log, of the network as it is, which are the averaged weights then.
        work: folder of ``checkpoint.pt`` and ``log.jsonl``.
        rate: highest learning rate; it follows a cosine.
        rates: factors to it for parameters whose names start so.
        report_minutes: between lines of the log.
    """
    device = next(network.parameters()).device
    checkpoint = work / "checkpoint.pt"
    factors = dict(rates or {})
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        factor = next((f for start, f in factors.items() if name.startswith(start)), 1.0)
        groups.setdefault(factor, []).append(parameter)
    optimiser = torch.optim.Adam(
        [{"params": chosen, "factor": factor} for factor, chosen in groups.items()],
        fused=True,
        capturable=device.type == "cuda",
    )
    torch.backends.cudnn.benchmark = True
    average = {name: value.clone() for name, value in network.state_dict().items()}
    step, elapsed = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, elapsed = state["average"], state["step"], state["elapsed"]
    for group in optimiser.param_groups:
        # A tensor, which a graph reads anew at each step.
        group["lr"] = torch.zeros((), device=device)
    rng = np.random.default_rng(step)
    state = network.state_dict()
    own, averaged = list(state.values()), [average[name] for name in state]

    def save() -> None:
        state: dict[str, Any] = {
            "network": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "average": average,
            "step": step,
            "elapsed": elapsed,
        }
        aside = checkpoint.with_suffix(".new")
        torch.save(state, aside)
        aside.replace(checkpoint)

    def report() -> None:
        line: dict[str, Any] = {"step": step, "minutes": round(elapsed / 60, 1)}
        line["loss"] = round(running.item(), 4) if running is not None else None
        with _averaged(network, average):
            line["validation"] = evaluate()
        with (work / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        save()

    def learn(*batch: Tensor) -> Tensor:
        loss = loss_of(*batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        # Nothing here waits for the device: a step that is not finite is left out by itself.
        optimiser.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
        optimiser.step()
        return loss.detach().float()

    if device.type == "cuda":
        learn = _captured(learn, draw(rng))
    length = minutes * 60
    running: Tensor | None = None
    last_report = elapsed
    while elapsed < length:
        began = time.monotonic()
        warm = min(1.0, (step + 1) / WARM_STEPS)
        now = rate * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * elapsed / length)))
        for group in optimiser.param_groups:
            group["lr"].fill_(now * group["factor"])
        loss = learn(*draw(rng))
        with torch.no_grad():
            keep = min(0.999, (1 + step) / (10 + step))
            torch._foreach_lerp_(averaged, own, 1 - keep)
        step += 1
        if running is None:
            running = loss.clone()
        kept = torch.where(torch.isfinite(running), running, loss)
        running = torch.where(torch.isfinite(loss), kept.lerp(loss, 0.01), kept)
        elapsed += time.monotonic() - began
        if step % 200 == 0:
            print(f"{step} {elapsed / 60:.1f} min loss {running.item():.4f}", flush=True)
        if step % SAVED_EVERY == 0:
            save()
        if elapsed - last_report > report_minutes * 60:
            report()
            last_report = elapsed
    report()


def _captured(learn: Callable[..., Tensor], batch: tuple[Tensor, ...]) -> Callable[..., Tensor]:
    """A step as a CUDA graph, for batches like ``batch``; weights are as they were."""
    still = tuple(part.clone() for part in batch)
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        # What is made once, and chosen by trying, is made and chosen outside of the graph. The
        # learning rate is 0.
        for _ in range(3):
            learn(*still)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = learn(*still)

    def replayed(*batch: Tensor) -> Tensor:
        torch._foreach_copy_(still, batch)
        graph.replay()
        return loss

    return replayed


@contextmanager
def _averaged(network: nn.Module, average: Mapping[str, Tensor]) -> Iterator[None]:
    """``network`` with the averaged weights, in eval mode and without gradients."""
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(average)
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.load_state_dict(kept)
        network.train()
