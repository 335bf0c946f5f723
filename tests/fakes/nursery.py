"""Runs ``gnomon`` in forked children that are killed: what `crash_nursery.py` does, for tests."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "flow" / "crash_nursery.py"


class Nursery:
    """Runs ``gnomon`` in forked children."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log.txt"
        place = {"GNOMON_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, **place},
        )
        assert self._process.stdout.readline() == "ready\n"

    def __call__(self, *argv: object, **request: Any) -> int:
        """Run one command line; returns its exit code, or minus the signal that killed it."""
        self._process.stdin.write(json.dumps({"argv": [str(word) for word in argv], **request}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        self.seconds = answer["seconds"]
        assert answer["code"] not in (70, 99), self.log.read_text()[-4000:]
        return answer["code"]

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()
