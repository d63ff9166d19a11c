"""Write the model card: ``python -m provenance.training.card WORK WEIGHTS``.

The card stands beside the weights, as Markdown, with the log of the training and, for more than one
rate, its curve as SVG.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from provenance.codecs.schemes import SCHEMES
from provenance.errors import InputError

from . import command

CARD = """\
# Model card: {name}

- **What**: {what}
- **File**: `{file}`, {size:,} bytes, SHA-256 `{hash}`.
- **Training data**: {data}
- **Training**: {origin}, {steps:,} steps of {batch} random crops of
  {crop} px, Adam, cosine learning rate from {rate:g}, {precision}, {minutes:.0f} minutes on
  {device}; exponential moving average of the weights. `python -m {module}`.
- **Known limits**: {limits}

Validation photos (never trained on), rate from likelihoods, averaged weights:

{table}
"""

MSH = """\
weights of the codec `msh`, a hyperprior of depthwise blocks with a context model, one
  network for qualities 1 to 100. Not generative: trained for rate, squared error and MS-SSIM."""
MSH_LIMITS = """\
trained for hours, not days. Fine texture is smoothed at low qualities; small
  print becomes illegible or wrong there, which the risk score is for."""

SMALL = """\
small weights of the scheme `{scheme}` ({family}): {channels} channels within
  the transforms, {latents} latents, one rate. {kind}: trained for bits per pixel +
  {balance:g} x squared error{more}."""
MORE = {
    "hific": """, and against a discriminator and for the local energies
  of photos""",
    "cdc": """ of the picture that it expects behind noise, at random
  strengths of it""",
}
"""What schemes are trained for besides."""

GENERATIVE = "Generative, it invents what the bits leave open"
SMALL_LIMITS = """\
trained for minutes, where the paper's were trained for days, and smaller: it shows
  how the scheme fails, not how well it can do. Compare schemes by it with that in mind."""

PERCEPTUAL = """\
weights of a second decoder for the bits of `{codec}`: its synthesis, trained on. Generative:
  it adds texture that the bits do not determine, and the label says so and how much."""
PERCEPTUAL_LIMITS = """\
trained for minutes. It brings back a part of the texture; what it adds is likely,
  not true. `provenance evidence` shows where."""

KLT_START = "from a closed-form block Karhunen-Loève start"
CURVE = "Rate and distortion on the validation photos as training went on"

WIDTH, HEIGHT, MARGIN = 640, 400, 56
SHADES = ("#c6dbef", "#6baed6", "#2171b5", "#08306b")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="work folder of the training")
    parser.add_argument("weights", type=Path, help="the exported safetensors file")
    parser.add_argument("--data", required=True, help="what it was trained on, with licences")
    parser.add_argument("--device", default="2 CPU cores")
    parser.add_argument("--origin", default=KLT_START)
    command.execute(parser, run)


def run(options: argparse.Namespace) -> None:
    lines = (options.work / "log.jsonl").read_text().splitlines()
    log = [json.loads(line) for line in lines]
    if not log:
        raise InputError(f"{options.work / 'log.jsonl'}: nothing was reported yet")
    settings = json.loads((options.work / "settings.json").read_text())
    card = options.weights.with_suffix(".md")
    if "scheme" in settings:
        card.write_text(_card(log, settings, options, _small(settings), _steps(log)))
    elif "decoder" in settings:
        about = {
            "what": PERCEPTUAL.format(codec=settings["codec"]),
            "limits": PERCEPTUAL_LIMITS,
            "module": "provenance.training.perceptual",
        }
        card.write_text(_card(log, settings, options, about, _decoder(log)))
    else:
        curve = options.weights.with_suffix(".svg")
        curve.write_text(_curve(log))
        table = f"{_levels(log)}\n\n![{CURVE}]({curve.name})"
        about = {"what": MSH, "limits": MSH_LIMITS, "module": "provenance.training.train"}
        card.write_text(_card(log, settings, options, about, table))
    # The log goes with the card.
    options.weights.with_suffix(".jsonl").write_text("\n".join([*lines, ""]))


def _card(
    log: list[dict[str, Any]],
    settings: dict[str, Any],
    options: argparse.Namespace,
    about: dict[str, str],
    table: str,
) -> str:
    data = options.weights.read_bytes()
    return CARD.format(
        **about,
        name=options.weights.stem,
        file=options.weights.name,
        size=len(data),
        hash=hashlib.sha256(data).hexdigest(),
        data=options.data,
        origin=settings.get("origin", options.origin),
        steps=log[-1]["step"],
        batch=settings["batch"],
        crop=settings["crop"],
        rate=settings["rate"],
        precision=settings.get("precision", "bfloat16"),
        minutes=log[-1]["minutes"],
        device=options.device,
        table=table,
    )


def _small(settings: dict[str, Any]) -> dict[str, str]:
    """What a card says of small weights of a scheme."""
    facts = SCHEMES[settings["scheme"]]
    kind = GENERATIVE if facts.generative else "Not generative"
    more = MORE.get(settings["scheme"], "")
    return {
        "what": SMALL.format(family=facts.family, kind=kind, more=more, **settings),
        "limits": SMALL_LIMITS,
        "module": f"provenance.training.schemes {settings['scheme']}",
    }


def _steps(log: list[dict[str, Any]]) -> str:
    """Rate and distortion as training went on, as a table."""
    rows = ["| step | minutes | bpp | PSNR |", "| --- | --- | --- | --- |"]
    for entry in log:
        ((_, rate, psnr),) = entry["validation"]
        rows.append(f"| {entry['step']:,} | {entry['minutes']:.0f} | {rate:.3f} | {psnr:.2f} dB |")
    return "\n".join(rows)


def _decoder(log: list[dict[str, Any]]) -> str:
    """PSNR and the median share of local band energies, by quality, as training went on."""
    heads = " | ".join(f"quality {1 + level / 7 * 99:.0f}" for level, _, _ in log[-1]["validation"])
    rows = [
        f"| step | minutes | {heads} |",
        f"| --- | ---{' | ---' * len(log[-1]['validation'])} |",
    ]
    for entry in log:
        cells = (f"{psnr:.2f} dB, {share:.0%}" for _, psnr, share in entry["validation"])
        rows.append(f"| {entry['step']:,} | {entry['minutes']:.1f} | {' | '.join(cells)} |")
    return "\n".join(
        [*rows, "", "Shares are of the energy that the photos have in local bands, the median."]
    )


def _levels(log: list[dict[str, Any]]) -> str:
    """Rate and distortion by quality, as a table with a column for each of some entries."""
    shown = _spread(log)
    heads = " | ".join(f"step {entry['step']:,}" for entry in shown)
    rows = [
        f"| quality | {heads} |",
        f"| --- |{' --- |' * len(shown)}",
    ]
    for index, (level, _, _) in enumerate(log[-1]["validation"]):
        cells = [
            f"{entry['validation'][index][1]:.3f} bpp, {entry['validation'][index][2]:.2f} dB"
            for entry in shown
        ]
        rows.append(f"| {1 + level / 7 * 99:.0f} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _spread(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most four entries, the first and the last among them."""
    count = min(len(log), len(SHADES))
    return [log[round(i * (len(log) - 1) / max(1, count - 1))] for i in range(count)]


def _curve(log: list[dict[str, Any]]) -> str:
    """Rate-distortion curves, later ones darker."""
    shown = _spread(log)
    points = [row for entry in shown for row in entry["validation"]]
    right: float = max(rate for _, rate, _ in points) * 1.05
    low: int = math.floor(min(psnr for _, _, psnr in points))
    high: int = math.ceil(max(psnr for _, _, psnr in points))

    def x(rate: float) -> float:
        return MARGIN + rate / right * (WIDTH - 2 * MARGIN)

    def y(psnr: float) -> float:
        return HEIGHT - MARGIN - (psnr - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{MARGIN} {MARGIN}V{HEIGHT - MARGIN}H{WIDTH - MARGIN}" fill="none" '
        'stroke="black"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">bits per pixel</text>',
        f'<text x="{MARGIN}" y="{MARGIN - 14}" text-anchor="middle">PSNR, dB</text>',
    ]
    for psnr in range(low, high + 1, 2):
        place = f'x="{MARGIN - 8}" y="{y(psnr) + 4:.1f}"'
        parts.append(f'<text {place} text-anchor="end">{psnr}</text>')
    for tenth in range(0, int(right * 10) + 1, 2):
        place = f'x="{x(tenth / 10):.1f}" y="{HEIGHT - MARGIN + 18}"'
        parts.append(f'<text {place} text-anchor="middle">{tenth / 10:.1f}</text>')
    for number, (entry, shade) in enumerate(zip(shown, SHADES[-len(shown) :], strict=True)):
        line = " ".join(f"{x(rate):.1f},{y(psnr):.1f}" for _, rate, psnr in entry["validation"])
        parts.append(f'<polyline points="{line}" fill="none" stroke="{shade}" stroke-width="2"/>')
        top = HEIGHT - MARGIN - 16 - 18 * number
        parts.append(
            f'<text x="{WIDTH - MARGIN - 4}" y="{top}" text-anchor="end" fill="{shade}">'
            f"step {entry['step']:,}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
