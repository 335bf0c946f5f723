"""The run folder: this file alone spells the names inside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnomon.core.errors import ArtefactError


@dataclass(frozen=True)
class RunFolder:
    """Paths inside one run folder, and reading of its line-by-line records."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name: its folder's."""
        return self.path.name

    @property
    def config(self) -> Path:
        """The whole resolved configuration, each value with who chose it."""
        return self.path / "run.toml"

    @property
    def plan(self) -> Path:
        """The plan and its re-fit events, one JSON object a line."""
        return self.path / "plan.jsonl"

    @property
    def data(self) -> Path:
        """The data manifest: files, hashes, splits, what was skipped."""
        return self.path / "data.json"

    @property
    def skipped(self) -> Path:
        """Samples that could not be used, one JSON object a line."""
        return self.path / "skipped.jsonl"

    @property
    def env(self) -> Path:
        """Versions and hardware."""
        return self.path / "env.json"

    @property
    def metrics(self) -> Path:
        """One JSON object a line: training and validation records."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of ``step-000400/`` folders, each committed atomically."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The self-contained model."""
        return self.path / "model"

    @property
    def weights(self) -> Path:
        """The model's weights."""
        return self.model / "weights.safetensors"

    @property
    def card(self) -> Path:
        """The model's spec, labels and preprocessing."""
        return self.model / "model.json"

    @property
    def evaluation(self) -> Path:
        """Scores with intervals."""
        return self.path / "evaluation.json"

    @property
    def report(self) -> Path:
        """The report: one HTML file that opens offline."""
        return self.path / "report.html"

    @property
    def crash(self) -> Path:
        """Traceback of a bug of ours."""
        return self.path / "crash.txt"

    @property
    def lock(self) -> Path:
        """Held by the process that trains in this folder."""
        return self.path / "lock.json"


def read_json(path: Path) -> Any:
    """Return the JSON value in a file. Raises ``ArtefactError`` where it is missing or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtefactError(
            f"cannot be read: {error.strerror}", fix="is this a finished run folder?", path=path
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtefactError(f"is not valid JSON: {error}", fix="restore the file from a copy", path=path) from error


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a ``.jsonl`` file; a torn last line, left by a kill, ends the reading silently."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            if number >= len(lines) - 1:
                return
            raise ArtefactError(
                f"is not valid JSON: {error}", fix="restore the file from a copy", path=path, line=number
            ) from error
        if isinstance(record, dict):
            yield record
