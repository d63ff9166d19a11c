"""The prefixes of what we write; to be read by nobody, who goes by URI."""

from __future__ import annotations

from .captioning import DUBLIN_CORE
from .derivation import MEDIA_MANAGEMENT, RESOURCE_EVENT, RESOURCE_REFERENCE
from .iptc import IPTC_CORE, PHOTOSHOP, XMP
from .structure import NAMESPACE, PREFIX, RDF

META = "adobe:ns:meta/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

PREFIXES = {
    META: "x",
    RDF: "rdf",
    NAMESPACE: PREFIX,
    MEDIA_MANAGEMENT: "xmpMM",
    RESOURCE_REFERENCE: "stRef",
    RESOURCE_EVENT: "stEvt",
    IPTC_EXTENSION: "Iptc4xmpExt",
    IPTC_CORE: "Iptc4xmpCore",
    DUBLIN_CORE: "dc",
    PHOTOSHOP: "photoshop",
    XMP: "xmp",
}
