"""The command line: one file a verb, each a thin call of the function of the same name in ``gnomon.api``.

What stands around the verbs (help, errors, what is drawn) is in ``shell/``. Nothing here knows how training works,
and nothing here imports torch, so that ``gnomon --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``gnomon`` with ``argv`` (default: the process's own arguments) and return its exit code."""
    from gnomon.cli.shell import entry

    return entry.run(argv)


def process() -> NoReturn:
    """Run the process's own arguments, and end the process with the exit code.

    All is written and closed by then. Python would now take down every module and object, which with torch takes about
    a second of the user's budget: the system does that at once.
    """
    import os
    import sys
    from contextlib import suppress

    code = main()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
