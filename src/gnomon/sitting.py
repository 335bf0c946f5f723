"""One sitting at a run: from chosen parts to a finished model and its report; train, resume and replay share it."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gnomon import assemble
from gnomon.assemble import Choice, Model
from gnomon.core import files
from gnomon.core.clock import Clock, Stopwatch
from gnomon.core.errors import ReproducibilityError
from gnomon.core.events import Emit, Planned, Said
from gnomon.core.jsontext import line
from gnomon.core.ranks import Ranks
from gnomon.core.run import RunFolder, read_lines
from gnomon.core.spec import Batch, Dataset, Label, Sequence, Split
from gnomon.core.training import Phases
from gnomon.data import feeds
from gnomon.data.feeds import Feed
from gnomon.layers.network import Network
from gnomon.outputs import evaluate, generate, report
from gnomon.outputs.examples import examples_of
from gnomon.train import checkpoint, infer, memory, planner
from gnomon.train.average import Average
from gnomon.train.budget import Budget
from gnomon.train.loop import Fit, fit
from gnomon.train.machine import Machine
from gnomon.train.optim import Optimizer
from gnomon.train.pace import Pace
from gnomon.train.plan import PlanLog, Progress
from gnomon.train.precision import Precision
from gnomon.train.state import State

SCHEMA = 1
_LOOK_SAMPLES = 1000
_LOOK_BATCH = 250
_TIMED = 64
"""Samples that are looked at once to know how long evaluation takes."""
_VIEWS_SHARE = 0.08
"""Largest share of the budget that more test-time views may take."""
_PAYS_S = 600.0
"""Budget from which on compiling, half a minute a resolution, is paid back on a GPU."""
_THOROUGH_S = 30.0
"""Budget from which on linear models are measured too, which may take a second or two."""
_WRITES_S = 60.0
"""Budget from which on a language model writes something three times along its training."""
_WRITTEN = 160
"""Tokens that it writes each time."""
_WRITING_S = 0.8
_EXIT_S = 0.3
"""Seconds that the interpreter takes to end."""
_REPORT_S = 0.7
_SPARE = 1.15
"""Factor on the measured evaluation time: scores, baselines and a neighbour's noise come on top."""


@dataclass(kw_only=True)
class Sitting:
    """What one sitting works with."""

    run: RunFolder
    choice: Choice
    raw: Dataset
    """The data as it was read, with its splits."""
    dataset: Dataset
    """The same as families see it."""
    preparation: Mapping[str, Any]
    budget: Budget
    machine: Machine
    clock: Clock
    stopwatch: Stopwatch
    emit: Emit
    should_stop: Callable[[], bool]
    ranks: Ranks
    baselines: list[dict[str, Any]] | None = None
    """What trivial models score, once that is measured."""

    @property
    def train(self) -> Split:
        """The split that is trained on."""
        return self.dataset.splits["train"]


@dataclass(kw_only=True)
class Parts:
    """The objects that a plan is carried out with."""

    task: Any
    network: Network
    feed: Feed
    precision: Precision
    channels_last: bool
    phases: Phases
    test_px: int


def parts_for(sitting: Sitting, *, precision: str, channels_last: bool) -> Parts:
    """Build task, network and batches of a sitting, computing in a number format and a memory format."""
    choice, spec = sitting.choice, sitting.dataset.spec
    device = torch.device(sitting.machine.device if choice.train.device == "auto" else choice.train.device)
    network = assemble.make_network(
        choice.run.family,
        choice.family,
        spec,
        train=sitting.train,
        seed=choice.run.seed,
        device=device,
        channels_last=channels_last,
    )
    if _compiles(choice.train.compile, device, sitting.budget):
        network.compile()
    return Parts(
        task=assemble.make_task(choice.run.task, choice.task, spec),
        network=network,
        channels_last=channels_last,
        feed=assemble.make_feed(
            sitting.train,
            spec,
            choice=choice,
            device=device,
            ranks=sitting.ranks,
        ),
        precision=Precision(precision, device),
        phases=assemble.phases_of(choice.train, spec),
        test_px=assemble.test_size(choice.train, spec),
    )


def _compiles(wanted: str, device: torch.device, budget: Budget) -> bool:
    """Return whether to compile the network: on a processor only where the user wants it; it gained nothing there."""
    if wanted == "auto":
        return device.type == "cuda" and (budget.seconds or 0.0) >= _PAYS_S
    return wanted == "on"


def make_plan(sitting: Sitting, parts: Parts) -> PlanLog:
    """Measure, count the steps that the budget pays for, and write the plan."""
    choice, budget, config = sitting.choice, sitting.budget, sitting.choice.train
    baselines_s = _measure_baselines(sitting, parts)
    probe = planner.Probe(parts.network, config, parts.task, parts.feed, parts.precision)
    costs = probe.costs(parts.phases, _few(sitting, parts, _TIMED), allowed_s=planner.allowed_s(budget))
    used_s = sitting.stopwatch.elapsed_s()
    reserve_s, views = _reserve(sitting, parts, costs)
    available_s = None if budget.seconds is None else budget.seconds - used_s - sum(reserve_s.values())
    num_look = min(_LOOK_SAMPLES, len(sitting.dataset.splits.get("valid", ())))
    counted = planner.count_steps(
        budget,
        config,
        parts.phases,
        costs,
        num_train=len(sitting.train),
        num_valid=num_look,
        available_s=available_s,
        flop_per_step=probe.flop(parts.phases) if budget.kind == "flop" else None,
    )
    expected_s = used_s + counted.steps * planner.mean_step_s(parts.phases, costs) + sum(reserve_s.values())
    plan = {
        "schema": SCHEMA,
        "family": choice.run.family,
        "model": {n.partition(".")[2]: s.value for n, s in choice.settings.items() if n.startswith("family.")},
        "num_parameters": sum(p.numel() for p in parts.network.parameters()),
        "task": choice.run.task,
        "seed": choice.run.seed,
        "batch_size": config.batch_size,
        "steps": counted.steps,
        "passes": round(counted.steps * config.batch_size / len(sitting.train), 2),
        "precision": parts.precision.name,
        "memory_format": "channels_last" if parts.channels_last else "contiguous",
        "device": parts.precision.device.type,
        "threads": torch.get_num_threads(),
        "phases": [{"from_progress": start, "size": size} for start, size in parts.phases],
        "unit": "px" if parts.test_px else "",
        "test_size": parts.test_px,
        "law": "linear to 0",
        "eval_at": [round((i + 1) / counted.num_looks, 4) for i in range(counted.num_looks)],
        "views": views,
        "budget": {"text": budget.text, "kind": budget.kind, "value": budget.value},
        "budget_s": budget.seconds,
        "used_before_s": round(used_s, 3),
        "baselines_s": round(baselines_s, 3),
        "reserve_s": {name: round(seconds, 3) for name, seconds in reserve_s.items()},
        "step_s": [round(costs.step_s[size], 5) for _, size in parts.phases],
        "look_s": round(costs.look_s * num_look, 4),
        "expected_finish_s": round(expected_s, 2),
        "stops_early": bool(counted.limited),
        "why": [*choice.why, *([counted.limited] if counted.limited else [])],
    }
    sitting.emit(Planned(plan=plan))
    return PlanLog.start(sitting.run, plan)


def carry_out(
    sitting: Sitting, parts: Parts, log: PlanLog, *, loaded: checkpoint.Loaded | None = None, timed: bool = True
) -> dict[str, Any]:
    """Train by the plan, from a checkpoint where there is one, then measure, save and report; return the result.

    Not ``timed``, the clock changes nothing: that is how a run is replayed.
    """
    state = _state(sitting, parts, loaded)
    started_s = sitting.stopwatch.elapsed_s()
    if log.plan["steps"] > 0:
        fit(_fit(sitting, parts, log, state, timed=timed))
    else:
        _answer_without_training(sitting, parts)
    train_s = sitting.stopwatch.elapsed_s() - started_s
    parts.network.load_state_dict(state.average.weights(parts.network))
    return _finish(sitting, parts, log, state, train_s=train_s)


def environment(machine: Machine) -> dict[str, Any]:
    """Return versions and hardware, as ``env.json`` holds them."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "gnomon": version("gnomon"),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("torch", "numpy", "pillow", "pyarrow", "safetensors")},
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": machine.name,
        "cores": machine.threads,
        "threads": torch.get_num_threads(),
        "memory_gib": round(machine.memory_bytes / 2**30, 1),
        "gpu": None if gpu is None else {"name": gpu},
        "precision_speed": {name: round(rate / 1e9, 1) for name, rate in machine.measured.items()},
        "argv": sys.argv,
    }


def forget_after(run: RunFolder, step: int) -> None:
    """Drop the records that a run wrote after the step from which it is resumed: they will be written again."""
    if not run.metrics.exists():
        return
    # An event tells of the batch before it counts as a step: one of this very step is still to come. Not so a sample.
    kept = [r for r in read_lines(run.metrics) if r.get("step", 0) < step + (r.get("event", "sample") == "sample")]
    files.write_bytes(run.metrics, b"".join(line(record) for record in kept))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _reserve(sitting: Sitting, parts: Parts, costs: planner.Costs) -> tuple[dict[str, float], bool]:
    """Return the seconds kept back for evaluation and report, and whether there is time for more views."""
    counts = {name: len(split) for name, split in sitting.dataset.splits.items() if name in ("valid", "test")}
    plain_s = costs.look_s * (sum(counts.values()) + counts.get("valid", 0))
    num_views = sum(1 for _ in parts.network.views(_few(sitting, parts).inputs)) - 1
    views_s = costs.look_s * sum(counts.values()) * 0.25 * num_views
    seconds = sitting.budget.seconds
    views = sitting.choice.train.test_views and num_views > 0 and (seconds is None or views_s < _VIEWS_SHARE * seconds)
    total_s = (plain_s + (views_s if views else 0.0)) * _SPARE + 0.2 + 4e-5 * sum(counts.values())
    if _writer(sitting, parts) is not None:
        total_s += _WRITING_S
    return {"evaluate": total_s, "report": _REPORT_S + _EXIT_S}, views


def _measure_baselines(sitting: Sitting, parts: Parts) -> float:
    """Measure the trivial models before the plan is made, so that it knows their time; return the seconds."""
    started_s, seconds = sitting.stopwatch.elapsed_s(), sitting.budget.seconds
    thorough = seconds is None or seconds >= _THOROUGH_S
    seed = sitting.choice.run.seed
    sitting.baselines = evaluate.baselines(parts.task, sitting.dataset, seed=seed, thorough=thorough)
    return sitting.stopwatch.elapsed_s() - started_s


def _few(sitting: Sitting, parts: Parts, count: int = 2) -> Batch:
    """Return some training samples as evaluation sees them, evenly spread."""
    rows = np.unique(np.linspace(0, len(sitting.train) - 1, min(count, len(sitting.train))).astype(np.int64))
    return next(_looks(sitting, parts, "train", rows=rows))


def _looks(sitting: Sitting, parts: Parts, split: str, *, rows: npt.NDArray[np.int64]) -> Iterator[Batch]:
    spec = sitting.dataset.spec
    return feeds.looks(
        sitting.dataset.splits[split],
        spec,
        batch_size=min(_LOOK_BATCH, evaluate.batch_size(spec, parts.task.output_size)),
        size=parts.test_px,
        device=parts.precision.device,
        rows=rows,
    )


def _state(sitting: Sitting, parts: Parts, loaded: checkpoint.Loaded | None) -> State:
    config = sitting.choice.train
    state = State(
        network=parts.network,
        optimizer=Optimizer(parts.network, config, iterate_in=parts.precision.iterate_in),
        average=Average(config),
        seed=sitting.choice.run.seed,
    )
    if loaded is not None:
        state.load(loaded.tensors, loaded.facts)
    return state


def _fit(sitting: Sitting, parts: Parts, log: PlanLog, state: State, *, timed: bool) -> Fit:
    plan = log.plan
    step_s = {phase["size"]: s for phase, s in zip(plan["phases"], plan["step_s"], strict=True)}
    deadline_s = None
    if timed and sitting.budget.seconds is not None and not plan["stops_early"]:
        again_s = plan["baselines_s"] if sitting.baselines is None else 0.0
        deadline_s = sitting.budget.seconds - sum(plan["reserve_s"].values()) - again_s
    return Fit(
        run=sitting.run,
        config=sitting.choice.train,
        phases=parts.phases,
        eval_at=tuple(plan["eval_at"]),
        state=state,
        objective=parts.task,
        feed=parts.feed,
        precision=parts.precision,
        pace=Pace(Progress(plan["steps"], log.refits()), parts.phases, step_s, deadline_s=deadline_s),
        log=log,
        validate=_validator(sitting, parts),
        write=_writer(sitting, parts),
        validate_s=plan["look_s"],
        clock=sitting.clock,
        stopwatch=sitting.stopwatch,
        emit=sitting.emit,
        ranks=sitting.ranks,
        should_stop=sitting.should_stop,
    )


def _validator(sitting: Sitting, parts: Parts) -> Callable[[Network, Mapping[str, Any]], dict[str, float]]:
    """Return a function that scores a network, with given tensors, on some of the validation split."""
    valid = sitting.dataset.splits.get("valid")
    if valid is None or not len(valid):
        return lambda network, tensors: {}
    rows = np.unique(np.linspace(0, len(valid) - 1, min(_LOOK_SAMPLES, len(valid))).astype(np.int64))
    targets = torch.from_numpy(valid.targets[rows]) if isinstance(sitting.dataset.spec.target, Label) else None

    def validate(network: Network, tensors: Mapping[str, Any]) -> dict[str, float]:
        own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(dict(tensors))
        try:
            batches = _looks(sitting, parts, "valid", rows=rows)
            kept = infer.outputs(network, batches, precision=parts.precision, keep=parts.task.keep)
        finally:
            network.load_state_dict(own)
        scores: dict[str, float] = parts.task.progress_metrics(torch.from_numpy(kept), targets)
        return scores

    return validate


def _writer(sitting: Sitting, parts: Parts) -> Callable[[Network, Mapping[str, Any]], str] | None:
    """Return what lets a language model write a little; None for other models, and where there is no time for it."""
    spec, seconds = sitting.dataset.spec, sitting.budget.seconds
    if not (isinstance(spec.input, Sequence) and isinstance(spec.target, Sequence)):
        return None
    if seconds is not None and seconds < _WRITES_S:
        return None

    def write(network: Network, tensors: Mapping[str, Any]) -> str:
        own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(dict(tensors))
        model = Model(
            network=network, task=parts.task, spec=spec, preparation=sitting.preparation, precision=parts.precision
        )
        try:
            return "".join(generate.generate(model, "", length=_WRITTEN, choice=generate.Choice(seed=1)))
        finally:
            network.load_state_dict(own)

    return write


def _answer_without_training(sitting: Sitting, parts: Parts) -> None:
    """Make the network answer as the baseline does: the budget was too small for a single step."""
    sitting.emit(
        Said(
            text="the budget is too small for a single step: the model answers what is best without any training",
            level="warning",
        )
    )
    parts.network.head.answer(torch.from_numpy(parts.task.prior(sitting.train)))


def _finish(sitting: Sitting, parts: Parts, log: PlanLog, state: State, *, train_s: float) -> dict[str, Any]:
    """Measure the trained network, save the model, write the report."""
    choice, dataset, stopwatch = sitting.choice, sitting.dataset, sitting.stopwatch
    started_s = stopwatch.elapsed_s()
    model = Model(
        network=parts.network.eval(),
        task=parts.task,
        spec=dataset.spec,
        size_px=parts.test_px,
        fit=choice.data.fit,
        preparation=sitting.preparation,
        precision=parts.precision,
    )
    known = {}
    if "valid" in dataset.splits and len(dataset.splits["valid"]) and log.plan["steps"] > 0:
        model, known["valid"] = evaluate.calibrated(
            model, dataset.splits["valid"], views=log.plan["views"], should_stop=sitting.should_stop
        )
    checkpoint.save_model(sitting.run, parts.network.state_dict(), assemble.card(choice, model))
    if sitting.baselines is None:  # resumed or replayed: the plan was made in another sitting
        _measure_baselines(sitting, parts)
    found = evaluate.evaluation(
        model,
        dataset,
        known=known,
        task_name=choice.run.task,
        seed=choice.run.seed,
        measured=sitting.baselines,
        emit=sitting.emit,
        should_stop=sitting.should_stop,
    )
    files.write_json(sitting.run.evaluation, found)
    if (write := _writer(sitting, parts)) is not None and log.plan["steps"] > 0:
        text = write(parts.network, parts.network.state_dict())
        files.append_json(sitting.run.metrics, {"step": state.step, "progress": 1.0, "event": "sample", "text": text})
    evaluate_s = stopwatch.elapsed_s() - started_s
    facts = {
        "step": state.step,
        "weights_sha256": hashlib.sha256(sitting.run.weights.read_bytes()).hexdigest(),
        "train_s": round(train_s, 3),
        "evaluate_s": round(evaluate_s, 3),
        "peak_memory_bytes": memory.peak_bytes(),
    }
    log.add("finish", **facts, elapsed_s=round(stopwatch.elapsed_s() + _REPORT_S, 3), report_s=_REPORT_S)
    report.write_report(sitting.run, examples=examples_of(sitting.raw))
    elapsed_s = stopwatch.elapsed_s()
    log.add("reported", elapsed_s=round(elapsed_s, 3))
    return result(sitting.run, log, found, elapsed_s=elapsed_s)


def result(run: RunFolder, log: PlanLog, found: Mapping[str, Any], *, elapsed_s: float) -> dict[str, Any]:
    """Return what ``train --json`` prints."""
    finish = next((e for e in reversed(log.events) if e["event"] == "finish"), {})
    return {
        "run": str(run.path),
        "task": log.plan["task"],
        "family": log.plan["family"],
        "budget_s": log.plan["budget_s"],
        "elapsed_s": round(elapsed_s, 3),
        "steps": finish.get("step", 0),
        "scores": found["scores"],
        "baseline": evaluate.best_baseline(found),
        "weights_sha256": finish.get("weights_sha256", ""),
        "peak_memory_bytes": finish.get("peak_memory_bytes", 0),
        "report": str(run.report),
    }


def require_equal(run: RunFolder, replayed: RunFolder, wanted: str, got: str) -> None:
    """Raise ``ReproducibilityError`` where a replay gave other weights than the run."""
    if wanted != got:
        raise ReproducibilityError(
            f"the replay in {replayed.path} gave other weights ({got[:12]}…) than the run ({wanted[:12]}…)",
            fix="replay on the same machine with the versions in env.json",
            path=run.path,
        )
