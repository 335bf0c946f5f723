"""A bug of ours: its traceback goes into a file, not on the screen."""

from __future__ import annotations

import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from gnomon.core import files
from gnomon.core.errors import GnomonError, noted_run
from gnomon.core.run import RunFolder


def keep(error: Exception) -> Path | None:
    """Write the traceback, the command line and the versions to a file; None where that is not possible.

    The file is ``crash.txt`` in the run folder that was noted on the error, else a new temporary file.
    """
    facts = f"gnomon {' '.join(sys.argv[1:])}\npython {platform.python_version()} on {platform.platform()}\n\n"
    text = facts + "".join(traceback.format_exception(error))
    try:
        path = _place(noted_run(error))
        files.write_text(path, text.encode("utf-8", "backslashreplace").decode())
    except (OSError, GnomonError):
        return None
    return path


def _place(run: str | None) -> Path:
    if run is not None and Path(run).is_dir():
        return RunFolder(Path(run)).crash
    return Path(tempfile.mkdtemp(prefix="gnomon-")) / time.strftime("crash-%Y-%m-%d_%H%M%S.txt")
