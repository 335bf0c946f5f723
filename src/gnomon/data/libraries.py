"""The source files of the running Python's standard library."""

from __future__ import annotations

import os
from pathlib import Path

from gnomon.data.listing import File

_LEFT_OUT = frozenset(
    {"test", "tests", "idle_test", "lib2to3", "site-packages", "dist-packages", "__pycache__", "_bundled"}
)


def python_sources(root: Path) -> list[File]:
    """Return the modules that all builds of one Python version share, without tests and installed packages."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in _LEFT_OUT and not name.startswith("config-")]
        parts = Path(folder).relative_to(root).parts
        sources = [name for name in names if name.endswith(".py") and not name.startswith("_sysconfigdata")]
        found += [File(parts, name, 0, 0) for name in sources]
    return sorted(found, key=lambda file: (file.folders, file.name))
