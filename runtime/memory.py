"""Lets the C library keep memory that kernels free, for their next call.

glibc hands large arrays back to the operating system when they are freed, and maps new memory for
the next call, page by page on first touch: a kernel with megabytes of tape spends more time on
page faults than on its loops. With :func:`keep_freed_memory` arrays of up to 32 MB come from the
heap, and up to 128 MB of it stay with the process. ``GRADC_MALLOC=system`` leaves things as they
are.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys

# From malloc.h; the first is the largest value that glibc takes.
_M_MMAP_THRESHOLD, _MMAP_THRESHOLD = -3, 32 << 20
_M_TRIM_THRESHOLD, _TRIM_THRESHOLD = -1, 128 << 20


@functools.cache
def keep_freed_memory() -> bool:
    """Set the thresholds of ``malloc``, once in a process; return whether that was done.

    Done where the C library is glibc, unless the environment says otherwise or has thresholds of
    its own (``MALLOC_TRIM_THRESHOLD_``, ``MALLOC_MMAP_THRESHOLD_``, ``GLIBC_TUNABLES``).
    """
    own = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
    if os.environ.get("GRADC_MALLOC") == "system" or any(name in os.environ for name in own):
        return False
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallopt") and hasattr(library, "gnu_get_libc_version")):
        return False
    set_option = library.mallopt
    first = set_option(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD)
    return bool(first and set_option(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD))
