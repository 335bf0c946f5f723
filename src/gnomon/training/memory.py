"""Memory of the process: how it is handed out, and how much was used at most."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory instead of handing large tensors back to the kernel after each operation.

    Returns False where the C library is another one and nothing was changed. Measured on two cores: a ReLU on 63 MB
    falls from 20 to 5 ms. ``release_freed_memory`` gives it back.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not _is_glibc(library):
        return False
    return bool(library.mallopt(_M_MMAP_MAX, 0)) and bool(library.mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT))


def release_freed_memory() -> None:
    """Hand memory that was freed back to the operating system, where glibc kept it."""
    if sys.platform.startswith("linux"):
        library = ctypes.CDLL(None)
        if _is_glibc(library):
            library.malloc_trim(0)


def peak_bytes() -> int:
    """Return the largest resident memory that this process had so far, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _is_glibc(library: ctypes.CDLL) -> bool:
    try:
        library.gnu_get_libc_version.restype = ctypes.c_char_p
    except AttributeError:
        return False
    return True
