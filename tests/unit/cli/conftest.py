"""A stand-in for ``gnomon.api``: it records how a verb calls it and answers as the real one does."""

import json
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

import gnomon
from gnomon.cli import main
from gnomon.core.events import Finished, Planned, Said

PLAN = {
    "event": "plan",
    "family": "cnn",
    "num_parameters": 1_234_567,
    "task": "classify",
    "batch_size": 512,
    "steps": 980,
    "precision": "bf16",
    "device": "cpu",
    "threads": 2,
    "phases": [{"from_progress": 0.0, "size": 24}, {"from_progress": 0.5, "size": 32}],
    "unit": "px",
    "budget": {"text": "5m", "kind": "time", "value": 300.0},
    "budget_s": 300.0,
    "reserve_s": {"evaluate": 6.0, "report": 1.5},
    "expected_finish_s": 299.0,
    "why": ["a cnn fits pictures", "300 s buy 9.1 epochs"],
}

RESULT = {
    "run": "runs/2026-11-23_1720_digits_cnn",
    "task": "classify",
    "family": "cnn",
    "budget_s": 300.0,
    "elapsed_s": 298.94,
    "steps": 980,
    "scores": {"test": {"accuracy": {"value": 0.9162, "low": 0.9108, "high": 0.9216, "n": 10_000}}},
    "baseline": {
        "name": "linear model (ridge)",
        "split": "test",
        "scores": {"accuracy": {"value": 0.381, "low": 0.372, "high": 0.39, "n": 10_000}},
    },
    "peak_memory_bytes": 1_288_490_189,
    "report": "runs/2026-11-23_1720_digits_cnn/report.html",
}


class Api:
    """What the verbs were called with, and what they answer."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {"makes": "text"}
        self.error: BaseException | None = None

    def verb(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **settings: Any) -> Any:
            emit = settings.pop("emit", None)
            self.calls.append((name, args, settings))
            if self.error is not None:
                raise self.error
            if name in {"train", "resume"}:
                emit(Said(text="pictures of 8 × 8 px"))
                emit(Planned(plan=PLAN))
                emit(Finished(result=RESULT))
            return self.answers.get(name)

        return call


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Put a recording ``gnomon.api`` in the place of the real one."""
    fake = Api()
    module = types.ModuleType("gnomon.api")
    for name in ("inspect", "train", "resume", "evaluate", "predict", "report", "runs", "doctor", "makes"):
        setattr(module, name, fake.verb(name))
    monkeypatch.setitem(sys.modules, "gnomon.api", module)
    monkeypatch.setattr(gnomon, "api", module, raising=False)
    monkeypatch.delenv("GNOMON_DATA", raising=False)
    return fake


@pytest.fixture
def as_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Run a command line with ``--json``: exit code, the one object on standard output, standard error."""

    def run(*words: str) -> tuple[int, dict[str, Any], str]:
        code = main([*words, "--json"])
        printed = capsys.readouterr()
        assert printed.out.count("\n") == 1
        return code, json.loads(printed.out), printed.err

    return run
