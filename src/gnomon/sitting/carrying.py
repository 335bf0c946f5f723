"""A plan is carried out: train, measure, save, report."""

from __future__ import annotations

import hashlib
from typing import Any

import torch

from gnomon import assemble
from gnomon.assemble import Model
from gnomon.core import files
from gnomon.core.events import Emit, Finished, Planned, Said
from gnomon.layers.ensemble import Ensemble
from gnomon.layers.network import Network
from gnomon.outputs import evaluate, leaning, portrait, report, rowportrait, seriesportrait, synthesis, tightening
from gnomon.outputs.examples import examples_of
from gnomon.sitting.looking import validator, writer
from gnomon.sitting.parts import Parts, Sitting, assemble_ensemble, parts_for
from gnomon.sitting.planning import REPORT_S, make_plan, measure_baselines
from gnomon.sitting.records import result
from gnomon.training import checkpoint, memory
from gnomon.training.average import Average
from gnomon.training.loop import Fit, fit
from gnomon.training.optim import Optimizer
from gnomon.training.pace import Pace
from gnomon.training.plan import PlanLog, Progress
from gnomon.training.state import State


def go(sitting: Sitting, log: Any, *, loaded: Any, emit: Emit, timed: bool = True) -> dict[str, Any]:
    """Plan where there is no plan yet, carry it out, and tell the result."""
    config = sitting.choice.train
    if log is None:
        precision = sitting.machine.precision if config.precision == "auto" else config.precision
        channels_last = sitting.machine.channels_last
    else:
        precision, channels_last = str(log.plan["precision"]), log.plan["memory_format"] == "channels_last"
    parts = parts_for(sitting, precision=precision, channels_last=channels_last)
    if log is None:
        log = make_plan(sitting, parts)
    else:
        sitting.emit(Planned(plan=log.plan))
    if log.plan["networks"] > 1:
        assemble_ensemble(sitting, parts, log.plan)
    found = carry_out(sitting, parts, log, loaded=loaded, timed=timed)
    emit(Finished(result=found))
    return found


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
    parts.network.load_state_dict(state.weights())
    if isinstance(parts.network, Ensemble):
        parts.network.finish()
    return _finish(sitting, parts, log, state, train_s=train_s)


def _state(sitting: Sitting, parts: Parts, loaded: checkpoint.Loaded | None) -> State:
    config = sitting.choice.train

    def renew(network: Network) -> tuple[Optimizer, Average]:
        return Optimizer(network, config, iterate_in=parts.precision.iterate_in), Average(config)

    optimizer, average = renew(parts.network.learner)
    several = isinstance(parts.network, Ensemble)
    state = State(
        network=parts.network,
        optimizer=optimizer,
        average=average,
        seed=sitting.choice.run.seed,
        renew=renew if several else None,
    )
    if loaded is not None:
        state.load(loaded.tensors, loaded.facts)
    return state


def _lean(sitting: Sitting, model: Model) -> None:
    """Weigh what was solved against what was trained, and say how much it counts."""
    share = leaning.lean(model, sitting.dataset.splits["valid"], should_stop=sitting.should_stop)
    if share is not None:
        sitting.emit(Said(text=f"the linear model counts {share:.0%} in the answers: so they fit the validation rows"))


def _fit(sitting: Sitting, parts: Parts, log: PlanLog, state: State, *, timed: bool) -> Fit:
    plan = log.plan
    step_s = {phase["size"]: s for phase, s in zip(plan["phases"], plan["step_s"], strict=True)}
    deadline_s = None
    if timed and sitting.budget.seconds is not None:
        again_s = plan["baselines_s"] if sitting.baselines is None else 0.0
        deadline_s = sitting.budget.seconds - sum(plan["reserve_s"].values()) - again_s
    progress = Progress(plan["steps"], log.refits(), turns=plan["networks"])
    return Fit(
        run=sitting.run,
        config=sitting.choice.train,
        phases=parts.phases,
        eval_at=tuple(plan["eval_at"]),
        state=state,
        objective=parts.task,
        feed=parts.feed,
        precision=parts.precision,
        pace=Pace(progress, parts.phases, step_s, deadline_s=deadline_s, lengthens=not plan["stops_early"]),
        log=log,
        validate=validator(sitting, parts),
        write=writer(sitting, parts),
        validate_s=plan["look_s"],
        clock=sitting.clock,
        stopwatch=sitting.stopwatch,
        emit=sitting.emit,
        ranks=sitting.ranks,
        should_stop=sitting.should_stop,
    )


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
        num_tightened=int(log.plan.get("num_tightened", 0)),
        valid_too=log.plan["valid_too"],
    )
    tightening.memorise(model, sitting.train)
    known = {}
    if "valid" in dataset.splits and len(dataset.splits["valid"]) and log.plan["steps"] > 0:
        with evaluate.answering(model, "valid"):
            _lean(sitting, model)
            model, known["valid"] = evaluate.calibrated(
                model, dataset.splits["valid"], views=log.plan["views"], should_stop=sitting.should_stop
            )
    checkpoint.save_model(sitting.run, parts.network.state_dict(), assemble.card(choice, model))
    if sitting.baselines is None:  # resumed or replayed: the plan was made in another sitting
        measure_baselines(sitting, parts)
    found = evaluate.evaluation(
        model,
        dataset,
        known=known,
        task_name=choice.run.task,
        seed=choice.run.seed,
        measured=sitting.baselines,
        looks=log.plan.get("importance_looks", 0),
        emit=sitting.emit,
        should_stop=sitting.should_stop,
    )
    files.write_json(sitting.run.evaluation, found)
    if portrait.fits(dataset.spec):
        details = found["details"].get("test") or found["details"].get("valid", {})
        seed, stop = choice.run.seed, sitting.should_stop
        portrait.write(model, dataset, sitting.run, details=details, seed=seed, should_stop=stop)
    if synthesis.fits(dataset.spec):
        details = found["details"].get("test") or found["details"].get("valid", {})
        effort = rowportrait.effort_for(sitting.budget.seconds)
        about: dict[str, Any] = {"details": details, "effort": effort, "seed": choice.run.seed}
        rowportrait.write(model, dataset, sitting.run, should_stop=sitting.should_stop, **about)
    if seriesportrait.fits(dataset.spec):
        seriesportrait.write(model, dataset, sitting.run, seed=choice.run.seed, should_stop=sitting.should_stop)
    if (write := writer(sitting, parts)) is not None and log.plan["steps"] > 0:
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
    log.add("finish", **facts, elapsed_s=round(stopwatch.elapsed_s() + REPORT_S, 3), report_s=REPORT_S)
    report.write_report(sitting.run, examples=examples_of(sitting.raw))
    elapsed_s = stopwatch.elapsed_s()
    log.add("reported", elapsed_s=round(elapsed_s, 3))
    return result(sitting.run, log, found, elapsed_s=elapsed_s)
