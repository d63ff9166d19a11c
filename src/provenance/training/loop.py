"""The training loop: schedule, averaged weights, checkpoint and log in a work folder.

The same call goes on where it stopped: a checkpoint holds all that learns. On CUDA a step is one
graph, which is captured at the first batch and replayed from then on: its thousands of small
kernels would else wait for Python.
"""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from provenance.errors import InputError, UsageError

Part = nn.Module | torch.optim.Optimizer
"""What learns, or teaches."""

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
    beside: Mapping[str, Part] | None = None,
) -> None:
    """Train ``network`` with Adam until the schedule of ``minutes`` is over.

    Afterwards the network is the averaged one, in eval mode.

    Args:
        draw: a batch: tensors on the device of the network, alike in shape every time.
        loss_of: loss of such tensors. On CUDA its Python runs for the first of them alone.
        evaluate: rows for the log, of the network as it is, which are the averaged weights then.
        work: folder of ``checkpoint.pt`` and ``log.jsonl``.
        rate: highest learning rate; it follows a cosine.
        rates: factors to it for parameters whose names start so.
        report_minutes: between lines of the log.
        beside: what else learns in ``loss_of`` and belongs into a checkpoint, by name.

    Raises:
        InputError: The checkpoint is damaged, or of another training.
        OutputError: The work folder cannot be written.
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
    parts: dict[str, Part] = {"network": network, "optimiser": optimiser, **(beside or {})}
    if checkpoint.exists():
        with told(checkpoint):
            state = torch.load(checkpoint, weights_only=True, map_location=device)
            for name, part in parts.items():
                part.load_state_dict(state[name])
            average, step, elapsed = state["average"], state["step"], state["elapsed"]
    for group in optimiser.param_groups:
        # A tensor, which a graph reads anew at each step.
        group["lr"] = torch.zeros((), device=device)
    rng = np.random.default_rng(step)
    state = network.state_dict()
    own, averaged = list(state.values()), [average[name] for name in state]

    def save() -> None:
        state: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
        with whole(checkpoint) as aside:
            torch.save({**state, "average": average, "step": step, "elapsed": elapsed}, aside)

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
        learn = _captured(learn, draw(rng), parts.values())
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
    network.load_state_dict(average)
    network.eval()


def keep_settings(work: Path, settings: Mapping[str, Any]) -> None:
    """Write ``settings.json``, which the model card is made of; training goes on with the same.

    Raises:
        UsageError: There is a checkpoint that was made with others.
    """
    path = work / "settings.json"
    if (work / "checkpoint.pt").exists() and path.exists():
        before = json.loads(path.read_text())
        for name, value in settings.items():
            if before.get(name) != value:
                raise UsageError(
                    f"{work}: was begun with {name} {before.get(name)}, not {value}; go on with "
                    "the same, or name another folder with --work"
                )
        return
    with whole(path) as aside:
        aside.write_text(json.dumps(dict(settings)))


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to be written, which takes its place once it is whole."""
    aside = path.with_name(f"{path.name}.new")
    yield aside
    aside.replace(path)


@contextmanager
def told(checkpoint: Path) -> Iterator[None]:
    """What is wrong with a checkpoint, in one line."""
    try:
        yield
    except (pickle.UnpicklingError, RuntimeError, LookupError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{checkpoint}: damaged, or of another training; name another folder with --work "
            f"({reason})"
        ) from error


def _captured(
    learn: Callable[..., Tensor], batch: tuple[Tensor, ...], parts: Collection[Part]
) -> Callable[..., Tensor]:
    """A step as a CUDA graph, for batches like ``batch``; all parts are as they were."""
    still = tuple(part.clone() for part in batch)
    before = {key: value.clone() for key, value in _tensors(parts)}
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        # What is made once, and chosen by trying, is made and chosen outside of the graph.
        for _ in range(3):
            learn(*still)
        for key, value in _tensors(parts):
            # What an optimiser has made is 0 before its first step.
            value.copy_(before[key]) if key in before else value.zero_()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = learn(*still)

    def replayed(*batch: Tensor) -> Tensor:
        torch._foreach_copy_(still, batch)
        graph.replay()
        return loss

    return replayed


def _tensors(parts: Iterable[Part]) -> Iterator[tuple[Hashable, Tensor]]:
    """All that learning changes, by a key that stays."""
    for number, part in enumerate(parts):
        if isinstance(part, nn.Module):
            for name, value in part.state_dict().items():
                yield (number, name), value
        else:
            for parameter, state in part.state.items():
                for name, value in state.items():
                    yield (parameter, name), value


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
