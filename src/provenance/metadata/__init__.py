"""The label as XMP: a namespace of our own, put into files and read back by URI."""

from .captioning import Caption
from .derivation import Event
from .embedding import CARRIERS, embed, read_packet
from .iptc import without_property
from .packet import packet, read_label, read_signed_label
from .structure import NAMESPACE, PREFIX

__all__ = [
    "CARRIERS",
    "NAMESPACE",
    "PREFIX",
    "Caption",
    "Event",
    "embed",
    "packet",
    "read_label",
    "read_packet",
    "read_signed_label",
    "without_property",
]
