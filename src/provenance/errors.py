"""Every error this package raises on purpose.

::

    ProvenanceError                 6  anything below, caught in one place
    ├── UsageError                  2  options that contradict each other or are out of range
    ├── InputError                  6  a file that is missing, unreadable or not what it should be
    │   ├── ImageError              6  not an image, truncated, or of a kind we cannot read
    │   └── TooLargeError           6  more pixels, bytes or depth than the limit allows
    ├── OutputError                 6  cannot write, or the output exists already
    ├── ModelError                  6  the bitstream's model is not installed, or is another one
    ├── SigningError                6  the signer refused, or no manifest could be made
    ├── NotLabelledError            3  the file carries no label or no credential
    └── InvalidError                4  what the file carries is broken or was tampered with
        ├── BitstreamError          4  the neural bitstream is cut, altered or not ours
        ├── ContainerError          4  boxes, extents or items contradict each other
        ├── LabelError              4  the label does not follow its schema
        └── AnnotationError         4  the annotation does not follow its schema

The number is the exit code of the command line.
"""

from __future__ import annotations


class ProvenanceError(Exception):
    """Base of all errors raised by this package; the message is one line for people."""

    exit_code = 6


class UsageError(ProvenanceError):
    """Arguments that contradict each other or are out of range."""

    exit_code = 2


class InputError(ProvenanceError):
    """A file that is missing, unreadable or not what it should be."""


class ImageError(InputError):
    """A file that is not an image, is truncated, or is of a kind that cannot be read."""


class TooLargeError(InputError):
    """A file with more pixels, bytes or depth than the limit allows."""


class OutputError(ProvenanceError):
    """An output that cannot be written, or that exists already."""


class ModelError(ProvenanceError):
    """A bitstream whose model is not installed, or whose weights are other ones."""


class SigningError(ProvenanceError):
    """A signer that refused, or a manifest that could not be made."""


class NotLabelledError(ProvenanceError):
    """A file without label or credential."""

    exit_code = 3


class InvalidError(ProvenanceError):
    """Content that is broken or was tampered with."""

    exit_code = 4


class BitstreamError(InvalidError):
    """A neural bitstream that is cut, altered or not ours."""


class ContainerError(InvalidError):
    """A container whose boxes, extents or items contradict each other."""


class LabelError(InvalidError):
    """A label that does not follow its schema."""


class AnnotationError(InvalidError):
    """An annotation that does not follow its schema, or contradicts itself."""
