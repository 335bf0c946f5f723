"""The command line: one file a verb, each a thin call of the function of the same name in ``gnomon.api``.

What stands around the verbs (help, errors, what is drawn) is in ``shell/``. Nothing here knows how training works,
and nothing here imports torch, so that ``gnomon --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``gnomon`` with ``argv`` (default: the process's own arguments) and return its exit code."""
    from gnomon.cli.shell import entry

    return entry.run(argv)
