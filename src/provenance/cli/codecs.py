"""``provenance codecs``."""

from __future__ import annotations

from . import console
from .options import Json


def codecs(json: Json = False) -> None:
    """List the codecs that are installed."""
    from .. import codecs as registry
    from ..labels import to_json

    found = [registry.get(name) for name in registry.names()]
    if json:
        entries = [{"codec": to_json(c.facts), "model": to_json(c.model)} for c in found]
        console.print_json({"codecs": entries})
        return
    for codec in found:
        facts, model = codec.facts, codec.model
        console.say(facts.name)
        console.table(
            [
                ("family", facts.family),
                ("generative", "yes" if facts.generative else "no"),
                ("decoder", facts.decoder),
                ("model", model.name),
                ("sha256", model.sha256 or "unknown"),
            ]
        )
