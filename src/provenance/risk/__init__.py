"""The risk of miscompression: an original and a reconstruction in, findings and scores out.

::

    original ────────┐             ┌─► signal ─┐
                     ├─► Pair ─────┼─► text ───┼─► findings ─► ranked ─► scores ─► Risk
    reconstruction ──┘  (signals)  ├─► faces ──┤
                                   ├─► lights ─┤
                                   ├─► objects ┤
                                   └─► yours ──┘

Only arrays are compared: which codec made them is not known here.
"""

from .assessment import assess
from .detectors import Detector
from .pair import Pair

__all__ = ["Detector", "Pair", "assess"]
