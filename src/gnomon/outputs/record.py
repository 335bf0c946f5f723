"""Reads what a run folder holds, whatever state the run is in, and says of each file what is missing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder, read_json, read_lines

Lines = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One setting of the run and who chose it."""

    key: str
    value: Any
    who: str


@dataclass(frozen=True, kw_only=True)
class History:
    """``plan.jsonl``, without the re-fits that a resume or a roll-back has made void."""

    plan: Mapping[str, Any]
    refits: Lines
    resumes: Lines
    rollbacks: Lines
    finish: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that a run folder tells; an absent file is an empty value and an entry in ``gaps``."""

    run: RunFolder
    settings: tuple[Choice, ...]
    history: History
    data: Mapping[str, Any]
    env: Mapping[str, Any]
    train: Lines
    valid: Lines
    health: Lines
    written: Lines
    """Texts that a language model wrote along the run, in order."""
    evaluation: Mapping[str, Any]
    preparation: Mapping[str, Any]
    """What was fitted on the training split; empty where there is no file of it."""
    fidelity: Mapping[str, Any]
    """How drawn pictures compare with real ones; empty where nobody asked."""
    card: Mapping[str, Any]
    """What lies beside the weights; empty before the model is saved."""
    skipped: Lines
    gaps: dict[str, str] = field(default_factory=dict)
    """File name to a sentence that says what is wrong with it."""

    @property
    def finished(self) -> bool:
        """True when the model was evaluated."""
        return bool(self.evaluation.get("scores"))

    @property
    def budget_s(self) -> float | None:
        """Seconds that the run was given: what a resume granted last, else what the plan says."""
        granted = [resume["budget_s"] for resume in self.history.resumes if resume.get("budget_s")]
        return granted[-1] if granted else self.history.plan.get("budget_s")

    @property
    def elapsed_s(self) -> float | None:
        """Seconds used as far as the records tell, start-up included."""
        if "elapsed_s" in self.history.finish:
            return float(self.history.finish["elapsed_s"])
        seen = [float(line["elapsed_s"]) for line in (*self.train, *self.valid) if "elapsed_s" in line]
        return max(seen, default=None)


def read_record(run: RunFolder) -> Record:
    """Read a run folder.

    Raises ``ArtefactError`` where ``run.toml`` is missing or broken; every other file may be missing or partial.
    """
    settings = _settings(run)
    gaps: dict[str, str] = {}
    history = _guarded(lambda: _history(run), _no_history, run.plan.name, gaps)
    metrics = _guarded(lambda: list(read_lines(run.metrics)), list, run.metrics.name, gaps)
    train, valid, health, written = _sort_metrics(metrics)
    if not train and not valid and history.plan.get("steps") != 0:
        gaps.setdefault(run.metrics.name, f"{run.metrics.name} holds no records.")
    return Record(
        run=run,
        settings=settings,
        history=history,
        data=_guarded(lambda: _object(run.data), dict, run.data.name, gaps),
        env=_guarded(lambda: _object(run.env), dict, run.env.name, gaps),
        train=train,
        valid=valid,
        health=health,
        written=written,
        evaluation=_guarded(lambda: _object(run.evaluation), dict, run.evaluation.name, gaps),
        preparation=_optional(run.preparation, gaps),
        fidelity=_optional(run.fidelity, gaps),
        card=_optional(run.card, gaps),
        skipped=_guarded(lambda: list(read_lines(run.skipped)), list, run.skipped.name, gaps),
        gaps=gaps,
    )


def _settings(run: RunFolder) -> tuple[Choice, ...]:
    try:
        tree = tomllib.loads(run.config.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArtefactError(
            f"has no readable run.toml: {error}", fix="name a run folder; `gnomon runs` lists them", path=run.path
        ) from error
    who = tree.pop("chosen_by", {})
    flat: dict[str, Any] = {}
    for section, table in tree.items():
        rows = table.items() if isinstance(table, dict) else [("", table)]
        flat |= {f"{section}.{name}" if name else section: value for name, value in rows}
    return tuple(Choice(key=key, value=flat[key], who=str(who.get(key, "default"))) for key in flat)


def _history(run: RunFolder) -> History:
    plan: dict[str, Any] = {}
    refits: Lines = []
    went_back: dict[str, Lines] = {"resume": [], "rollback": []}
    finish: dict[str, Any] = {}
    for line in read_lines(run.plan):
        match line.get("event"):
            case "plan":
                plan = line
            case "refit":
                refits.append(line)
            case "resume" | "rollback" as kind:
                refits = [refit for refit in refits if refit.get("at_step", 0) <= line.get("at_step", 0)]
                went_back[kind].append(line)
                finish = {}
            case "finish":
                finish = line
            case "reported":
                finish = {**finish, "elapsed_s": line["elapsed_s"], "reported": True}
    if not plan:
        raise ArtefactError("holds no plan", fix="train the run again", path=run.plan)
    return History(
        plan=plan,
        refits=refits,
        resumes=went_back["resume"],
        rollbacks=went_back["rollback"],
        finish=finish,
    )


def _no_history() -> History:
    return History(plan={}, refits=[], resumes=[], rollbacks=[], finish={})


def _object(path: Any) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise ArtefactError("is not a JSON object", fix="restore the file from a copy", path=path)
    return value


def _optional(path: Path, gaps: dict[str, str]) -> dict[str, Any]:
    """Return what a file holds that not every run has."""
    found: dict[str, Any] = _guarded(lambda: _object(path), dict, path.name, gaps) if path.exists() else {}
    return found


def _guarded(read: Callable[[], Any], empty: Callable[[], Any], name: str, gaps: dict[str, str]) -> Any:
    try:
        return read()
    except ArtefactError as error:
        gaps[name] = f"{name} {error.what}."
        return empty()


def _sort_metrics(lines: Lines) -> tuple[Lines, Lines, Lines, Lines]:
    """Part the records by kind. A resumed run repeats steps: the later record of a step is the true one."""
    parts: dict[str, Lines] = {"train": [], "valid": [], "health": [], "sample": []}
    for line in lines:
        kind = str(line.get("split")) if "event" not in line else "sample" if line["event"] == "sample" else "health"
        if kind not in parts or not isinstance(line.get("step"), int):
            continue
        if kind != "health":
            while parts[kind] and parts[kind][-1]["step"] >= line["step"]:
                parts[kind].pop()
        parts[kind].append(line)
    return parts["train"], parts["valid"], parts["health"], parts["sample"]
