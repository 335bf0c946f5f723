"""The verbs, for Python and the command line alike. Importing this module imports no torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnomon.core import config as configs
from gnomon.core import run as runfolders
from gnomon.core.clock import MonotonicClock, Stopwatch
from gnomon.core.config import Auto, Layer, Off
from gnomon.core.errors import GnomonError, ReproducibilityError, StoppedError, UsageError, note_run
from gnomon.core.events import Emit, Finished, Said, silent
from gnomon.core.lock import RunLock
from gnomon.core.processors import wait_politely
from gnomon.core.run import RunFolder, read_json, read_lines
from gnomon.core.signals import StopFlag
from gnomon.train.budget import Budget, parse_budget

if TYPE_CHECKING:
    from gnomon.core.spec import Dataset
    from gnomon.data.preparing import Prepared
    from gnomon.sitting import Sitting

_RUNS = Path("runs")
_DEFAULTS = {
    "run.budget": "5m",
    "run.task": "auto",
    "run.family": "auto",
    "run.seed": 0,
    "data.target": "auto",
    "data.valid": "off",
    "data.test": "off",
    "data.split": "auto",
    "data.max_bad": 0.01,
}
_PLANNED = {
    *("task", "family", "seed", "budget", "budget_s", "steps", "phases", "step_s", "eval_at", "look_s", "views"),
    *("precision", "memory_format", "threads", "used_before_s", "reserve_s", "stops_early", "unit", "baselines_s"),
}
"""What going on with a run, repeating it and measuring it need to know of its plan."""
_SHORT_S = 20.0
"""A first training on a machine with a smaller budget than this does not spend time on measuring the machine."""


@dataclass(frozen=True)
class Run:
    """A run folder, and what can be done with it."""

    path: Path

    @property
    def folder(self) -> RunFolder:
        """The paths inside."""
        return RunFolder(self.path)

    @property
    def plan(self) -> dict[str, Any]:
        """The plan."""
        return next(read_lines(self.folder.plan), {})

    @property
    def evaluation(self) -> dict[str, Any]:
        """What ``evaluation.json`` holds. Raises ``ArtefactError`` where the run is not finished."""
        found: dict[str, Any] = read_json(self.folder.evaluation)
        return found

    @property
    def scores(self) -> dict[str, Any]:
        """``{split: {metric: {value, low, high, n}}}``."""
        scores: dict[str, Any] = self.evaluation["scores"]
        return scores

    def predict(self, inputs: Sequence[str], *, out: str | None = None) -> list[dict[str, Any]]:
        """Return one row for each input; see ``gnomon.predict``."""
        return predict(self, inputs, out=out)

    def generate(self, prompt: str = "", *, length: int = 400, temperature: float = 0.8, seed: int = 0) -> str:
        """Return a text with which the run's language model goes on from ``prompt``; see ``gnomon.generate``."""
        return "".join(generate(self, prompt, length=length, temperature=temperature, seed=seed))

    def evaluate(self, data: str | None = None) -> dict[str, Any]:
        """Measure the model anew; see ``gnomon.evaluate``."""
        return evaluate(self, data)

    def report(self) -> Path:
        """Write the report anew and return its path."""
        return report(self)


def load_run(path: str | os.PathLike[str] | Run) -> Run:
    """Return a run by its folder or its name under ``runs/``. Raises ``ArtefactError`` where there is none."""
    return path if isinstance(path, Run) else Run(runfolders.open_run(Path(path)).path)


def runs(folder: str = "runs") -> list[dict[str, Any]]:
    """Return what is known of all runs in a folder, newest first."""
    return runfolders.list_runs(Path(folder))


def inspect(
    path: str,
    *,
    target: str = "auto",
    task: str = "auto",
    family: str = "auto",
    valid: str = "off",
    test: str = "off",
    split: str = "auto",
    horizon: int | Auto = "auto",
    seed: int = 0,
    budget: str = "5m",
    data_dir: str | None = None,
    config: str | None = None,
    settings: Sequence[str] = (),
    max_bad: float = 0.01,
    emit: Emit = silent,
) -> dict[str, Any]:
    """Return what the data is, what Gnomon would do and why, and what is wrong with it. Nothing is trained."""
    asked = {"budget": budget, "task": task, "family": family, "seed": seed}
    read = {"path": path, "target": target, "valid": valid, "test": test, "split": split, "max_bad": max_bad}
    layers = _layers(asked, read, config, settings, horizon=horizon)
    parsed = parse_budget(_value(layers, "run.budget"))
    wait_politely()
    with StopFlag() as stop:
        from gnomon.data import audit, manifest, opening

        data, run = opening.wished(layers)
        dataset = opening.load_dataset(
            data, seed=run.seed, data_dir=_data_dir(data_dir), emit=emit, should_stop=stop, layers=layers
        )
        audited = audit.audit(dataset, needs_labels=opening.needs_labels(layers))
        opening.tell(dataset, emit)
        for finding in audited.findings:
            emit(Said(text=finding.text, level="warning" if finding.level == "error" else finding.level))
        prepared = _prepared(dataset, layers, emit=emit, stop=stop)
        from gnomon import assemble  # with torch: what was found is on the screen before it is there
        from gnomon.train import machine

        wished = assemble.wish(layers)
        known = machine.know(_device(wished), cache=opening.cache_folder(), may_measure=True)
        allowance = _allowance(parsed, len(prepared.dataset.splits["train"]), used_s=0.0)
        choice = assemble.choose(wished, prepared, known.speed(), allowance=allowance)
    result = {
        **manifest.data_json(dataset, audited),
        "would": {
            "task": choice.run.task,
            "family": choice.run.family,
            "budget": parsed.text,
            "why": list(choice.why),
            "settings": configs.as_toml(choice.settings),
        },
    }
    emit(Finished(result=result))
    return result


def train(
    path: str | None = None,
    *,
    budget: str = "5m",
    task: str = "auto",
    family: str = "auto",
    target: str = "auto",
    valid: str = "off",
    test: str = "off",
    split: str = "auto",
    horizon: int | Auto = "auto",
    seed: int = 0,
    out: str | None = None,
    config: str | None = None,
    settings: Sequence[str] = (),
    max_bad: float = 0.01,
    data_dir: str | None = None,
    replay: str | None = None,
    already_s: float = 0.0,
    emit: Emit = silent,
) -> Run:
    """Train the best model that the budget can buy, measure it and write a report.

    ``already_s`` are seconds of the budget that were used before the call: by starting the program, for instance.
    """
    wait_politely()
    if replay is not None:
        return _replay(load_run(replay), out=out, emit=emit)
    asked = {"budget": budget, "task": task, "family": family, "seed": seed}
    read = {"path": path, "target": target, "valid": valid, "test": test, "split": split, "max_bad": max_bad}
    layers = _layers(asked, read, config, settings, horizon=horizon)
    parsed = parse_budget(_value(layers, "run.budget"))
    stopwatch = Stopwatch(MonotonicClock(), already_s=already_s)
    with StopFlag() as stop:
        return _train(layers, parsed, out=out, data_dir=data_dir, stopwatch=stopwatch, stop=stop, emit=emit)


def resume(
    run: str | Run,
    *,
    budget: str | None = None,
    accept_changed_data: bool = False,
    already_s: float = 0.0,
    emit: Emit = silent,
) -> Run:
    """Go on with a stopped run: with what is left of its budget, or with a new allotment of wall time."""
    opened = load_run(run)
    wait_politely()
    with StopFlag() as stop, RunLock(opened.folder, emit=emit), _noting(opened.folder):
        from gnomon.sitting import forget_after
        from gnomon.train import checkpoint

        log = _log_of(opened.folder)
        if any(event["event"] == "reported" for event in log.events):
            raise UsageError(
                "the run is finished: there is nothing to resume",
                fix="train again, with a larger --budget",
                path=opened.path,
            )
        loaded = checkpoint.load(opened.folder, emit)
        sitting = _sitting_of(opened.folder, stop, emit, accept_changed_data=accept_changed_data)
        used_s = float(loaded.facts.get("elapsed_s", 0.0)) if loaded else float(log.plan["used_before_s"])
        sitting.budget, already = _allotment(sitting.budget, budget, used_s, already_s)
        sitting.stopwatch = Stopwatch(sitting.clock, already_s=already)
        at_step = loaded.step if loaded else 0
        forget_after(opened.folder, at_step)
        log.add("resume", at_step=at_step, elapsed_s=round(already, 3), budget_s=sitting.budget.seconds)
        _go(sitting, log, loaded=loaded, emit=emit)
    return opened


def evaluate(run: str | Run, data: str | None = None, *, split: str = "test", emit: Emit = silent) -> dict[str, Any]:
    """Measure a run's model: on its own data's split, or on other data with the same classes."""
    opened = load_run(run)
    wait_politely()
    with StopFlag() as stop:
        from dataclasses import replace

        from gnomon import assemble
        from gnomon.outputs import evaluate as evaluation

        plan = _log_of(opened.folder).plan
        model = assemble.load_model(opened.folder.model)
        if data is None:
            dataset = _sitting_of(opened.folder, stop, emit, accept_changed_data=False).dataset
        else:
            from gnomon.data import opening

            dataset = opening.load_foreign(
                data,
                fit=model.fit,
                spec=model.spec,
                preparation=model.preparation,
                data_dir=_data_dir(None),
                emit=emit,
                should_stop=stop,
            )
        if split not in dataset.splits:
            raise UsageError(f"there is no split {split!r}", fix=f"there are: {', '.join(dataset.splits)}")
        asked = replace(
            dataset, splits={"train": dataset.splits.get("train", dataset.splits[split]), "test": dataset.splits[split]}
        )
        found = evaluation.evaluation(
            model, asked, known={}, task_name=plan["task"], seed=plan["seed"], emit=emit, should_stop=stop
        )
    result = {
        "run": str(opened.path),
        "data": data or str(dataset.source),
        "split": split,
        "scores": {split: found["scores"]["test"]},
        "baseline": evaluation.best_baseline(found),
    }
    emit(Finished(result=result))
    return result


def predict(
    run: str | Run, inputs: Sequence[str], *, out: str | None = None, emit: Emit = silent
) -> list[dict[str, Any]]:
    """Return one row for each input, in order, an unreadable one with its ``error``; write them to ``out`` if named."""
    opened = load_run(run)
    wait_politely()
    with StopFlag() as stop:
        from gnomon import assemble
        from gnomon.outputs import predict as prediction
        from gnomon.outputs.asking import asking

        if out is not None:
            prediction.require_format(Path(out))
        model = assemble.load_model(opened.folder.model)
        asked = asking(model)
        rows = list(prediction.predict(model, asked, asked.paths(inputs), emit=emit, should_stop=stop))
    if out is not None:
        prediction.write(rows, asked, Path(out))
    emit(Finished(result={"run": str(opened.path), "out": out, "predictions": rows}))
    return rows


def generate(
    run: str | Run,
    prompt: str = "",
    *,
    length: int = 400,
    temperature: float = 0.8,
    top_k: int | Off = "off",
    top_p: float | Off = "off",
    seed: int = 0,
    stop: Sequence[str] = (),
    emit: Emit = silent,
) -> Iterator[str]:
    """Yield the pieces of a text with which a language model goes on from ``prompt``, as they come.

    At most ``length`` tokens, drawn at ``temperature`` among the ``top_k`` likeliest, or the likeliest that together
    have the probability ``top_p``; it ends before the first of the texts in ``stop``. The same seed, the same text.
    """
    opened = load_run(run)
    wait_politely()
    with StopFlag() as asked_to_stop:
        from gnomon import assemble
        from gnomon.outputs import generate as writing

        model = assemble.load_model(opened.folder.model)
        choice = writing.Choice(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        pieces = writing.generate(
            model, prompt, length=length, choice=choice, stop=stop, emit=emit, should_stop=asked_to_stop
        )
        written = yield from pieces
    emit(
        Finished(
            result={
                "run": str(opened.path),
                "prompt": prompt,
                "text": written.text,
                "seed": seed,
                "num_tokens": written.num_tokens,
                "ended": written.ended,
            }
        )
    )


def report(run: str | Run, *, emit: Emit = silent) -> Path:
    """Write a run's report anew from its records and return its path."""
    opened = load_run(run)
    from gnomon.outputs import report as reports
    from gnomon.outputs.examples import examples_of

    dataset = _dataset_or_none(opened.folder, emit)
    return reports.write_report(opened.folder, examples=None if dataset is None else examples_of(dataset))


def doctor(*, emit: Emit = silent) -> dict[str, Any]:
    """Return what this machine is and can do, and whether a small training works on it."""
    from gnomon.data import opening
    from gnomon.outputs.doctor import examine

    return examine(
        train=train,
        predict=predict,
        cache_dir=opening.cache_folder(),
        data_dir=_data_dir(None),
        runs_dir=_RUNS,
        emit=emit,
    )


def _train(
    layers: list[Layer],
    budget: Budget,
    *,
    out: str | None,
    data_dir: str | None,
    stopwatch: Stopwatch,
    stop: StopFlag,
    emit: Emit,
) -> Run:
    from dataclasses import replace

    from gnomon import assemble
    from gnomon.core import files
    from gnomon.core.ranks import Ranks
    from gnomon.data import audit, manifest, opening
    from gnomon.sitting import Sitting, environment
    from gnomon.train import machine, memory

    memory.keep_freed_memory()
    wished = assemble.wish(layers)
    dataset = opening.load_dataset(
        wished.data, seed=wished.run.seed, data_dir=_data_dir(data_dir), emit=emit, should_stop=stop, layers=layers
    )
    audited = audit.audit(dataset, needs_labels=opening.needs_labels(layers))
    opening.tell(dataset, emit)
    _tell_findings(audited, emit)
    prepared = _prepared(dataset, layers, emit=emit, stop=stop)
    may_measure = budget.seconds is None or budget.seconds >= _SHORT_S
    known = machine.know(_device(wished), cache=opening.cache_folder(), may_measure=may_measure)
    allowance = _allowance(budget, len(prepared.dataset.splits["train"]), used_s=stopwatch.elapsed_s())
    choice = assemble.choose(wished, prepared, known.speed(), allowance=allowance)
    folder = _new_folder(out, dataset.name, choice.run.family)
    with RunLock(folder, emit=emit), _noting(folder):
        files.write_bytes(folder.config, _toml(choice.settings), sync=False)
        told = replace(dataset, guesses=prepared.dataset.guesses)  # what was guessed in preparing it too
        files.write_json(folder.data, manifest.data_json(told, audited), sync=False)
        files.write_json(folder.preparation, dict(prepared.preparation), sync=False)
        for skipped in dataset.skipped:
            files.append_json(folder.skipped, vars(skipped), sync=False)
        _use_threads(choice.train.threads, known.threads)
        files.write_json(folder.env, environment(known), sync=False)
        sitting = Sitting(
            run=folder,
            choice=choice,
            raw=dataset,
            dataset=prepared.dataset,
            preparation=prepared.preparation,
            budget=budget,
            machine=known,
            clock=MonotonicClock(),
            stopwatch=stopwatch,
            emit=emit,
            should_stop=stop,
            ranks=Ranks(),
        )
        _go(sitting, None, loaded=None, emit=emit)
    return Run(folder.path)


@contextmanager
def _noting(folder: RunFolder) -> Iterator[None]:
    """Note on an unexpected error in which run it happened, so that its traceback is kept there."""
    try:
        yield
    except Exception as error:
        note_run(error, folder.path)
        raise


def _go(sitting: Sitting, log: Any, *, loaded: Any, emit: Emit, timed: bool = True) -> dict[str, Any]:
    """Plan where there is no plan yet, carry it out, and tell the result."""
    from gnomon import sitting as sittings

    config = sitting.choice.train
    if log is None:
        precision = sitting.machine.precision if config.precision == "auto" else config.precision
        channels_last = sitting.machine.channels_last
    else:
        precision, channels_last = str(log.plan["precision"]), log.plan["memory_format"] == "channels_last"
    parts = sittings.parts_for(sitting, precision=precision, channels_last=channels_last)
    if log is None:
        log = sittings.make_plan(sitting, parts)
    else:
        from gnomon.core.events import Planned

        sitting.emit(Planned(plan=log.plan))
    result = sittings.carry_out(sitting, parts, log, loaded=loaded, timed=timed)
    emit(Finished(result=result))
    return result


def _sitting_of(folder: RunFolder, stop: StopFlag, emit: Emit, *, accept_changed_data: bool) -> Sitting:
    """Return the sitting that a run folder describes, its data read again and checked."""
    from gnomon import assemble
    from gnomon.core.ranks import Ranks
    from gnomon.data import manifest, opening
    from gnomon.sitting import Sitting
    from gnomon.train import machine, memory

    memory.keep_freed_memory()
    log = _log_of(folder)
    layers: list[Layer] = [("config", configs.read_toml(folder.config))]
    wished = assemble.wish(layers)
    stored = read_json(folder.data)
    dataset = opening.load_dataset(
        wished.data, seed=wished.run.seed, data_dir=_where_it_lay(stored), emit=emit, should_stop=stop, layers=layers
    )
    dataset = manifest.restore(dataset, stored, accept_changed=accept_changed_data)
    prepared = _prepared(dataset, layers, known=read_json(folder.preparation), stop=stop)
    known = machine.know(_device(wished), cache=opening.cache_folder(), may_measure=False)
    budget = _last_budget(log)
    allowance = _allowance(budget, len(prepared.dataset.splits["train"]), used_s=0.0)
    choice = assemble.choose(wished, prepared, known.speed(), allowance=allowance)
    _use_threads("auto", int(log.plan["threads"]))
    clock = MonotonicClock()
    return Sitting(
        run=folder,
        choice=choice,
        raw=dataset,
        dataset=prepared.dataset,
        preparation=prepared.preparation,
        budget=budget,
        machine=known,
        clock=clock,
        stopwatch=Stopwatch(clock),
        emit=emit,
        should_stop=stop,
        ranks=Ranks(),
    )


def _replay(run: Run, *, out: str | None, emit: Emit) -> Run:
    """Train again by a run's plan and re-fits, without a clock, and require the same weights."""
    with StopFlag() as stop:
        from gnomon import sitting as sittings
        from gnomon.core import files
        from gnomon.train.plan import PlanLog

        log = _log_of(run.folder)
        finish = next((event for event in reversed(log.events) if event["event"] == "finish"), None)
        if finish is None:
            raise UsageError(
                "the run is not finished: it cannot be replayed", fix="gnomon resume it first", path=run.path
            )
        if any(event["event"] == "rollback" for event in log.events):
            raise ReproducibilityError(
                "the run went back to a checkpoint on the way: its replay would need that checkpoint",
                fix="train again with the settings of its run.toml (--config)",
                path=run.path,
            )
        sitting = _sitting_of(run.folder, stop, emit, accept_changed_data=False)
        folder = _new_folder(out, run.path.name, "replay")
        with RunLock(folder, emit=emit):
            for source, copy in (
                (run.folder.config, folder.config),
                (run.folder.preparation, folder.preparation),
                (run.folder.data, folder.data),
                (run.folder.env, folder.env),
            ):
                files.write_bytes(copy, source.read_bytes())
            sitting.run = folder
            fresh = PlanLog.start(folder, {k: v for k, v in log.plan.items() if k != "event"})
            for refit in log.refits():
                fresh.add("refit", at_step=refit.at_step, steps=refit.steps)
            result = _go(sitting, fresh, loaded=None, emit=emit, timed=False)
            sittings.require_equal(run.folder, folder, finish["weights_sha256"], result["weights_sha256"])
    emit(Said(text=f"the replay gave the same weights: {result['weights_sha256'][:12]}…"))
    return Run(folder.path)


def _layers(
    asked: Mapping[str, Any],
    read: Mapping[str, Any],
    config: str | None,
    settings: Sequence[str],
    *,
    horizon: int | Auto = "auto",
) -> list[Layer]:
    """Return the layers that the user wrote. A flag left at its default says nothing."""
    flags = {f"run.{name}": value for name, value in asked.items()}
    flags |= {f"data.{name}": value for name, value in read.items() if value is not None}
    flags |= {} if horizon == "auto" else {"series.horizon": horizon}
    for name in ("data.path", "data.valid", "data.test"):
        if flags.get(name) not in (None, "off") and Path(flags[name]).exists():
            flags[name] = str(Path(flags[name]).absolute())  # so that the run can be resumed from any folder
    given = {name: value for name, value in flags.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    layers: list[Layer] = []
    if config is not None:
        layers.append(("config", configs.read_toml(Path(config))))
    return [*layers, ("user", {**given, **configs.parse_sets(settings)})]


def _value(layers: Sequence[Layer], name: str) -> str:
    return str(next((values[name] for _, values in reversed(layers) if name in values), _DEFAULTS[name]))


def _allowance(budget: Budget, num_train: int, *, used_s: float) -> Any:
    """Return what a family may plan with: about four fifths of a time are left for training."""
    from gnomon.core.training import Allowance

    samples = {"epochs": budget.value * num_train, "samples": budget.value, "steps": budget.value * 256}
    return Allowance(
        train_s=None if budget.seconds is None else max(0.0, 0.85 * (budget.seconds - used_s)),
        samples=samples.get(budget.kind),
        flop=budget.value if budget.kind == "flop" else None,
        num_train=num_train,
    )


def _allotment(old: Budget, new: str | None, used_s: float, already_s: float) -> tuple[Budget, float]:
    """Return the budget to go on with, and how much of it is used already."""
    if new is None or old.kind != "time":
        if new is not None:
            raise UsageError(
                f"the run counts its budget in {old.kind}: no time can be granted", fix="resume without --budget"
            )
        return old, used_s + already_s
    granted = parse_budget(new)
    if granted.seconds is None:
        raise UsageError(f"{new!r} is not a time", fix="grant a time, such as --budget 5m")
    return Budget(text=granted.text, kind="time", value=used_s + granted.seconds), used_s + already_s


def _log_of(folder: RunFolder) -> Any:
    """Return the plan of a run and its events. Raises ``ArtefactError`` where the plan lacks anything."""
    from gnomon.core.errors import ArtefactError
    from gnomon.train.plan import PlanLog

    log = PlanLog.read(folder)
    if lacking := _PLANNED - log.plan.keys():
        raise ArtefactError(
            f"the plan lacks {', '.join(sorted(lacking))}", fix="restore the file from a copy", path=folder.plan, line=1
        )
    return log


def _last_budget(log: Any) -> Budget:
    """Return the budget of a run: the last allotment that it was granted, else that of its plan."""
    first = parse_budget(log.plan["budget"]["text"])
    granted = [event["budget_s"] for event in log.events if event["event"] == "resume" and event.get("budget_s")]
    return Budget(text=first.text, kind="time", value=float(granted[-1])) if granted else first


def _dataset_or_none(folder: RunFolder, emit: Emit) -> Dataset | None:
    """Return a run's data with the splits that it had, or None with a word about it where the data is gone."""
    from gnomon.data import manifest, opening

    stored = read_json(folder.data)
    layers: list[Layer] = [("config", configs.read_toml(folder.config))]
    data, run = opening.wished(layers)
    try:
        with StopFlag() as stop:
            dataset = opening.load_dataset(
                data, seed=run.seed, data_dir=_where_it_lay(stored), emit=emit, should_stop=stop, layers=layers
            )
            return manifest.restore(dataset, stored)
    except StoppedError:
        raise
    except GnomonError as error:
        emit(Said(text=f"the report has no pictures: {error.what}", level="warning"))
        return None


def _prepared(
    dataset: Dataset,
    layers: Sequence[Layer],
    *,
    stop: StopFlag,
    known: Mapping[str, Any] | None = None,
    emit: Emit = silent,
) -> Prepared:
    """Return the data as families see it; tell what was decided on the way, unless it was decided before."""
    from gnomon.data import opening, preparing

    prepared = preparing.prepare(
        dataset, layers, cache_dir=opening.cache_folder(), known=known, emit=emit, should_stop=stop
    )
    for guess in prepared.dataset.guesses[len(dataset.guesses) :]:
        opening.tell_guess(guess, emit)
    return prepared


def _tell_findings(audited: Any, emit: Emit) -> None:
    audited.require_learnable()
    for finding in audited.findings:
        if finding.level == "warning":
            emit(Said(text=finding.text, level="warning"))


def _new_folder(out: str | None, *names: str) -> RunFolder:
    if out is not None:
        return runfolders.create_at(Path(out))
    return runfolders.create(_RUNS, name_parts=names, now=datetime.now())


def _toml(settings: Mapping[str, Any]) -> bytes:
    import tomli_w

    return tomli_w.dumps(configs.as_toml(settings)).encode()


def _data_dir(named: str | None) -> Path | None:
    named = named or os.environ.get("GNOMON_DATA")
    return Path(named) if named else None


def _where_it_lay(stored: Any) -> Path | None:
    """Return the folder in which a run found data of a known name, where it is still there."""
    source = stored.get("source") if isinstance(stored, dict) else None
    found = Path(source) if isinstance(source, str) else None
    return found.parent if found is not None and found.exists() else _data_dir(None)


def _device(wished: Any) -> Any:
    from gnomon.core.training import TrainConfig
    from gnomon.train import machine

    train, _ = configs.build(TrainConfig, "train", wished.layers)
    return machine.choose_device(train)


def _use_threads(wanted: int | str, known: int) -> None:
    import torch

    torch.set_num_threads(known if wanted == "auto" else int(wanted))
