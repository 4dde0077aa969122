"""The C library's heap: large buffers of a line are kept for the next instead of going back to the system."""

from __future__ import annotations

import ctypes
import sys

# Source: malloc.h of the GNU C library.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
# The largest that glibc takes (half of its heap's maximum); activations of a line are up to 30 MB each.
LARGEST_KEPT_BYTES = 32 << 20
# Beyond this much unused at the heap's end, memory goes back: the working memory of the longest line.
UNUSED_KEPT_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """From now on freed buffers stay in this process.

    A line's activations are hundreds of megabytes, which the system would hand out and clear again for each
    layer (measured: a quarter of the vocoder's time).

    Nothing happens where the C library is not glibc.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
        library.mallopt(M_TRIM_THRESHOLD, UNUSED_KEPT_BYTES)


def give_back_freed_memory() -> None:
    """Returns what is unused to the system, where the C library is glibc."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
