"""Where a file comes from: the chain of its ingredients, and the risk that adds up along it.

::

    original ─► credentials.read ─┐
                                  ├─► earlier label ─┐
    original ─► XMP ──────────────┘                  ├─► accumulated ─► label
    new label, of the last compression alone ────────┘

    file ─► credentials.read ─► trace ─► tree
"""

from .accumulation import accumulated
from .generations import Generation, earlier_label, trace

__all__ = ["Generation", "accumulated", "earlier_label", "trace"]
