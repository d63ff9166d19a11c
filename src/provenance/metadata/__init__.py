"""The label as XMP: a namespace of our own, put into files and read back by URI."""

from .embedding import CARRIERS, embed, read_packet
from .packet import packet, read_label, read_signed_label
from .structure import NAMESPACE, PREFIX

__all__ = [
    "CARRIERS",
    "NAMESPACE",
    "PREFIX",
    "embed",
    "packet",
    "read_label",
    "read_packet",
    "read_signed_label",
]
