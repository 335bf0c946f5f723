"""A bug of ours: its traceback goes into a file, not on the screen."""

from __future__ import annotations

import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from gnomon.core import files
from gnomon.core.errors import GnomonError


def keep(error: Exception) -> Path | None:
    """Write the traceback, the command line and the versions to a new file; None where that is not possible."""
    facts = f"gnomon {' '.join(sys.argv[1:])}\npython {platform.python_version()} on {platform.platform()}\n\n"
    text = facts + "".join(traceback.format_exception(error))
    try:
        path = Path(tempfile.mkdtemp(prefix="gnomon-")) / time.strftime("crash-%Y-%m-%d_%H%M%S.txt")
        files.write_text(path, text.encode("utf-8", "backslashreplace").decode())
    except (OSError, GnomonError):
        return None
    return path
