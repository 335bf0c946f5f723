"""The run folder: this file alone spells the names inside it."""

from __future__ import annotations

import difflib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gnomon.core import files
from gnomon.core.errors import ArtefactError, ResourceError
from gnomon.core.lock import holder

DEFAULT_PARENT = Path("runs")
_MAX_JSON_BYTES = 1 << 30
_MAX_NAME_PART = 40


@dataclass(frozen=True)
class ModelFolder:
    """Paths inside one ``model/`` folder, wherever it was copied."""

    path: Path

    @property
    def weights(self) -> Path:
        """The model's weights."""
        return self.path / "weights.safetensors"

    @property
    def card(self) -> Path:
        """The model's spec, labels and preprocessing."""
        return self.path / "model.json"


@dataclass(frozen=True)
class CheckpointFolder:
    """Paths inside one committed checkpoint."""

    path: Path

    @property
    def state(self) -> Path:
        """Every tensor of the state."""
        return self.path / "state.safetensors"

    @property
    def facts(self) -> Path:
        """Everything of the state that is not a tensor."""
        return self.path / "state.json"

    @property
    def manifest(self) -> Path:
        """Sizes and SHA-256 of the other two."""
        return self.path / "manifest.json"

    @property
    def step(self) -> int | None:
        """The step in the folder's name; None where the name is not a checkpoint's."""
        match = re.fullmatch(r"step-(\d{6,15})", self.path.name)
        return None if match is None else int(match[1])


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
    def preparation(self) -> Path:
        """What was fitted on the training split to make numbers of the data: a tokenizer, scales."""
        return self.path / "preparation.json"

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

    def checkpoint(self, step: int) -> CheckpointFolder:
        """The checkpoint after ``step`` steps."""
        return CheckpointFolder(self.checkpoints / f"step-{step:06d}")

    @property
    def model(self) -> Path:
        """The self-contained model."""
        return self.path / "model"

    @property
    def weights(self) -> Path:
        """The model's weights."""
        return ModelFolder(self.model).weights

    @property
    def card(self) -> Path:
        """The model's spec, labels and preprocessing."""
        return ModelFolder(self.model).card

    @property
    def evaluation(self) -> Path:
        """Scores with intervals."""
        return self.path / "evaluation.json"

    @property
    def portrait(self) -> Path:
        """Folder of pictures that a generative model drew, a file for each panel."""
        return self.path / "portrait"

    @property
    def portrait_facts(self) -> Path:
        """What the pictures of the portrait show, and what was seen of the latents."""
        return self.portrait / "portrait.json"

    @property
    def judge(self) -> Path:
        """A run of its own: the classifier in whose eyes drawn pictures are compared with real ones."""
        return self.path / "judge"

    @property
    def fidelity(self) -> Path:
        """How drawn pictures compare with real ones, and who judged it."""
        return self.path / "fidelity.json"

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


def create(parent: Path, *, name_parts: tuple[str, ...], now: datetime) -> RunFolder:
    """Create a new folder in ``parent`` such as ``2026-11-23_1720_cifar10_cnn``, or ``…_2`` if that is taken.

    Raises ``ResourceError`` where nothing can be written there.
    """
    files.make_folder(parent, exist_ok=True)
    words = [word for word in map(_clean, name_parts) if word]
    name = "_".join([now.strftime("%Y-%m-%d_%H%M"), *words])
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}_{number}")
        try:
            files.make_folder(path)
        except ResourceError as error:
            if not isinstance(error.__cause__, FileExistsError):
                raise
            number += 1
            continue
        files.require_writable(path)
        return RunFolder(path)


def create_at(path: Path) -> RunFolder:
    """Create a new run folder at exactly ``path``, which may be an empty folder.

    Raises ``ResourceError`` where something is there already or nothing can be written.
    """
    run = RunFolder(path)
    if os.path.lexists(run.config):
        fix = f"go on with it: gnomon resume {path}; or choose another folder"
        raise ResourceError("holds a run already", fix=fix, path=path) from FileExistsError(path)
    is_empty = files.is_folder(path) and next(path.iterdir(), None) is None
    files.make_folder(path, exist_ok=is_empty)
    files.require_writable(path)
    return run


def open_run(path: Path) -> RunFolder:
    """Return the run at ``path``, or the one of that name under ``runs/``.

    Raises ``ArtefactError`` with the nearest existing runs where there is none.
    """
    for candidate in (path, DEFAULT_PARENT / path):
        if RunFolder(candidate).config.is_file():
            return RunFolder(candidate)
    what = "is not a run folder: it has no run.toml" if path.is_dir() else "there is no such run"
    raise ArtefactError(what, fix=_nearest_runs(path), path=path)


def list_runs(folder: Path = DEFAULT_PARENT) -> list[dict[str, Any]]:
    """Return what ``gnomon runs`` shows of each run in ``folder``, newest first.

    Keys: name, path, state (finished, stopped, running or broken), task, family, budget, score (metric,
    split, value, low, high, n; or None), steps, elapsed_s, started, problem. What cannot be read is broken.
    """
    found = [_summary(run) for run in _runs_in(folder)]
    return sorted(found, key=lambda record: (record["started"], record["name"]), reverse=True)


def read_json(path: Path, *, max_bytes: int = _MAX_JSON_BYTES) -> Any:
    """Return the JSON value in a file. Raises ``ArtefactError`` where it is missing, huge or not JSON."""
    try:
        return json.loads(_read_bytes(path, max_bytes).decode("utf-8"))
    except OSError as error:
        raise ArtefactError(
            f"cannot be read: {error.strerror}", fix="is this a finished run folder?", path=path
        ) from error
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"is not valid JSON: {error}", fix="restore the file from a copy", path=path) from error


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a ``.jsonl`` file; a torn last line, left by a kill, ends the reading silently."""
    try:
        lines = _read_bytes(path).split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise ArtefactError(
            f"cannot be read: {error.strerror}", fix="restore the file from a copy", path=path
        ) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number >= len(lines) - 1:
                return
            raise ArtefactError(
                f"is not valid JSON: {error}", fix="restore the file from a copy", path=path, line=number
            ) from error
        if isinstance(record, dict):
            yield record


def _read_bytes(path: Path, max_bytes: int = _MAX_JSON_BYTES) -> bytes:
    """Read a plain file of a sane size: a pipe or a device under the same name must not hang Gnomon."""
    about = path.stat()
    if not stat.S_ISREG(about.st_mode) or about.st_size > max_bytes:
        limit = files.readable_bytes(max_bytes)
        what = f"is not a plain file of at most {limit}"
        raise ArtefactError(what, fix="restore it from a copy", path=path)
    return path.read_bytes()


def _clean(part: str) -> str:
    """Return ``part`` as a word for a file name: letters, digits, dots and dashes."""
    text = "".join(c if c.isalnum() else "-" if c not in ".-" else c for c in part)
    return re.sub(r"-{2,}", "-", text).strip("-.")[:_MAX_NAME_PART].rstrip("-.")


def _runs_in(folder: Path) -> list[RunFolder]:
    if not folder.is_dir():
        return []
    return [run for run in map(RunFolder, sorted(folder.iterdir())) if run.config.is_file()]


def _nearest_runs(path: Path) -> str:
    known = {run.name: run.path for parent in (path.parent, DEFAULT_PARENT) for run in _runs_in(parent)}
    near = difflib.get_close_matches(path.name, list(known), n=3, cutoff=0.4)
    near = near or sorted(known, reverse=True)[:3]
    if not near:
        return "train one: gnomon train DATA; list those that exist: gnomon runs FOLDER"
    return "did you mean " + " or ".join(str(known[name]) for name in near) + "?"


def _summary(run: RunFolder) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": run.name,
        "path": str(run.path),
        "state": "stopped",
        "task": None,
        "family": None,
        "budget": None,
        "score": None,
        "steps": None,
        "elapsed_s": None,
        "started": _started(run),
        "problem": None,
    }
    try:
        record |= _from_plan(run)
        if run.evaluation.exists():
            record["score"] = _headline(read_json(run.evaluation))
    except (ArtefactError, LookupError, TypeError, AttributeError) as error:
        record |= {"state": "broken", "problem": str(error)}
    trainer = holder(run.lock)
    if trainer is not None and trainer.may_live():
        record["state"] = "running"
    return record


def _from_plan(run: RunFolder) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in read_lines(run.plan):
        kind = event["event"]
        if kind == "plan":
            found |= {"task": event["task"], "family": event["family"], "steps": event["steps"]}
            found["budget"] = event["budget"]["text"]
        elif kind == "refit":
            found["steps"] = event["steps"]
        elif kind == "finish":
            found |= {"steps": event["step"], "elapsed_s": event["elapsed_s"]}
        found["state"] = "finished" if kind in ("finish", "reported") else "stopped"
    return found


def _headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    metric = evaluation["headline"]
    for split in ("test", "valid"):
        if metric in evaluation["scores"].get(split, {}):
            return {"metric": metric, "split": split, **evaluation["scores"][split][metric]}
    return None


def _started(run: RunFolder) -> str:
    stamp = re.match(r"(\d{4}-\d{2}-\d{2})_(\d{2})(\d{2})", run.name)
    if stamp:
        return f"{stamp[1]}T{stamp[2]}:{stamp[3]}"
    return datetime.fromtimestamp(run.config.stat().st_mtime).isoformat(timespec="minutes")
