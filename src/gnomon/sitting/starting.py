"""How a sitting begins: with data that was never seen, from a run folder, or from the plan of a finished run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import tomli_w
import torch

from gnomon import assemble
from gnomon.core import config as configs
from gnomon.core import files
from gnomon.core.clock import MonotonicClock, Stopwatch
from gnomon.core.config import Layer
from gnomon.core.errors import ReproducibilityError, UsageError, note_run
from gnomon.core.events import Emit, Said
from gnomon.core.lock import RunLock
from gnomon.core.ranks import Ranks
from gnomon.core.run import RunFolder, read_json
from gnomon.core.signals import StopFlag
from gnomon.data import audit, manifest, opening
from gnomon.sitting.asked import allotment, allowance_of, data_dir_of, new_folder, preparing_s, where_it_lay
from gnomon.sitting.carrying import go
from gnomon.sitting.parts import Sitting
from gnomon.sitting.reading import prepared_of, tell_findings
from gnomon.sitting.records import environment, forget_after, last_budget, log_of, require_equal
from gnomon.training import checkpoint, machine, memory
from gnomon.training.budget import Budget
from gnomon.training.plan import PlanLog

_SHORT_S = 20.0
"""A first training on a machine with a smaller budget than this does not spend time on measuring the machine."""


def start(
    layers: list[Layer],
    budget: Budget,
    *,
    out: str | None,
    data_dir: str | None,
    stopwatch: Stopwatch,
    stop: StopFlag,
    emit: Emit,
) -> RunFolder:
    """Train with data that was not seen before, in a new run folder, and return it."""
    memory.keep_freed_memory()
    wished = assemble.wish(layers)
    dataset = opening.load_dataset(
        wished.data, seed=wished.run.seed, data_dir=data_dir_of(data_dir), emit=emit, should_stop=stop, layers=layers
    )
    audited = audit.audit(dataset, needs_labels=opening.needs_labels(layers))
    opening.tell(dataset, emit)
    tell_findings(audited, emit)
    allowed_s = preparing_s(budget, used_s=stopwatch.elapsed_s())
    prepared = prepared_of(dataset, layers, emit=emit, stop=stop, allowed_s=allowed_s)
    may_measure = budget.seconds is None or budget.seconds >= _SHORT_S
    known = machine.know(assemble.device_for(wished), cache=opening.cache_folder(), may_measure=may_measure)
    allowance = allowance_of(budget, len(prepared.dataset.splits["train"]), used_s=stopwatch.elapsed_s())
    choice = assemble.choose(wished, prepared, known.speed(), allowance=allowance)
    folder = new_folder(out, dataset.name, choice.run.family)
    with RunLock(folder, emit=emit), noting(folder):
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
        go(sitting, None, loaded=None, emit=emit)
    return folder


def reopened(folder: RunFolder, stop: StopFlag, emit: Emit, *, accept_changed_data: bool) -> Sitting:
    """Return the sitting that a run folder describes, its data read again and checked."""
    memory.keep_freed_memory()
    log = log_of(folder)
    layers: list[Layer] = [("config", configs.read_toml(folder.config))]
    wished = assemble.wish(layers)
    stored = read_json(folder.data)
    dataset = opening.load_dataset(
        wished.data, seed=wished.run.seed, data_dir=where_it_lay(stored), emit=emit, should_stop=stop, layers=layers
    )
    dataset = manifest.restore(dataset, stored, accept_changed=accept_changed_data)
    prepared = prepared_of(dataset, layers, known=read_json(folder.preparation), stop=stop)
    known = machine.know(assemble.device_for(wished), cache=opening.cache_folder(), may_measure=False)
    budget = last_budget(log)
    allowance = allowance_of(budget, len(prepared.dataset.splits["train"]), used_s=0.0)
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


def resume(
    folder: RunFolder,
    *,
    budget: str | None,
    accept_changed_data: bool,
    already_s: float,
    stop: StopFlag,
    emit: Emit,
) -> None:
    """Go on with a stopped run. Raises ``UsageError`` where it is finished."""
    with RunLock(folder, emit=emit), noting(folder):
        log = log_of(folder)
        if any(event["event"] == "reported" for event in log.events):
            raise UsageError(
                "the run is finished: there is nothing to resume",
                fix="train again, with a larger --budget",
                path=folder.path,
            )
        loaded = checkpoint.load(folder, emit)
        sitting = reopened(folder, stop, emit, accept_changed_data=accept_changed_data)
        used_s = float(loaded.facts.get("elapsed_s", 0.0)) if loaded else float(log.plan["used_before_s"])
        sitting.budget, already = allotment(sitting.budget, budget, used_s, already_s)
        sitting.stopwatch = Stopwatch(sitting.clock, already_s=already)
        at_step = loaded.step if loaded else 0
        forget_after(folder, at_step)
        log.add("resume", at_step=at_step, elapsed_s=round(already, 3), budget_s=sitting.budget.seconds)
        go(sitting, log, loaded=loaded, emit=emit)


def replay(run: RunFolder, *, out: str | None, stop: StopFlag, emit: Emit) -> RunFolder:
    """Train again by a run's plan and re-fits, without a clock, and require the same weights."""
    log = log_of(run)
    finish = next((event for event in reversed(log.events) if event["event"] == "finish"), None)
    if finish is None:
        raise UsageError("the run is not finished: it cannot be replayed", fix="gnomon resume it first", path=run.path)
    if any(event["event"] == "rollback" for event in log.events):
        raise ReproducibilityError(
            "the run went back to a checkpoint on the way: its replay would need that checkpoint",
            fix="train again with the settings of its run.toml (--config)",
            path=run.path,
        )
    sitting = reopened(run, stop, emit, accept_changed_data=False)
    folder = new_folder(out, run.path.name, "replay")
    with RunLock(folder, emit=emit):
        for source, copy in (
            (run.config, folder.config),
            (run.preparation, folder.preparation),
            (run.data, folder.data),
            (run.env, folder.env),
        ):
            files.write_bytes(copy, source.read_bytes())
        sitting.run = folder
        fresh = PlanLog.start(folder, {k: v for k, v in log.plan.items() if k != "event"})
        for refit in log.refits():
            fresh.add("refit", at_step=refit.at_step, steps=refit.steps)
        result = go(sitting, fresh, loaded=None, emit=emit, timed=False)
        require_equal(run, folder, finish["weights_sha256"], result["weights_sha256"])
    emit(Said(text=f"the replay gave the same weights: {result['weights_sha256'][:12]}…"))
    return folder


@contextmanager
def noting(folder: RunFolder) -> Iterator[None]:
    """Note on an unexpected error in which run it happened, so that its traceback is kept there."""
    try:
        yield
    except Exception as error:
        note_run(error, folder.path)
        raise


def _toml(settings: Mapping[str, Any]) -> bytes:
    return tomli_w.dumps(configs.as_toml(settings)).encode()


def _use_threads(wanted: int | str, known: int) -> None:
    torch.set_num_threads(known if wanted == "auto" else int(wanted))
