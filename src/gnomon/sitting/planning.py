"""The plan: what is measured before it, and the seconds that it keeps back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gnomon import assemble
from gnomon.core.events import Planned
from gnomon.core.spec import Density, Spec, Vector
from gnomon.data import tablebaselines
from gnomon.data.together import can_return
from gnomon.layers.ensemble import can_answer_together
from gnomon.outputs import evaluate, importance, leakless, portrait, rowportrait, seriesportrait, synthesis, tightening
from gnomon.sitting.looking import LOOK_SAMPLES, few, writer
from gnomon.sitting.parts import Parts, Sitting
from gnomon.training import planner
from gnomon.training.plan import PlanLog

SCHEMA = 1
REPORT_S = 0.7
_EXIT_S = 0.3
"""Seconds from the report to the end of the process."""
_TIMED = 64
"""Samples that are looked at once to know how long evaluation takes."""
_VIEWS_SHARE = 0.08
"""Largest share of the budget that more test-time views may take."""
_THOROUGH_S = 30.0
"""Budget from which on linear models are measured too, which may take a second or two."""
_QUICK_S = 15.0
"""Budget from which on they are measured where the data is so small that nearly all their time is one import."""
_WRITING_S = 0.8
_SAVING_S_PER_BYTE = 1e-8
"""Seconds to write a byte of a network, to read it back and to hash it: 100 MB a second."""
_IMPORTANCE_SHARE = 0.04
"""Largest share of the budget that finding out which columns matter may take."""
_PORTRAIT_S = 0.3
_VALID_TOO = (
    "the networks after the first learn from the validation samples too: the score there is the first's alone "
    "(--set train.valid_too=false)"
)
_SPARE = 1.15
"""Factor on the measured evaluation time: scores, baselines and a neighbour's noise come on top."""


def make_plan(sitting: Sitting, parts: Parts) -> PlanLog:
    """Measure, count the steps that the budget pays for, and write the plan."""
    choice, budget, config = sitting.choice, sitting.budget, sitting.choice.train
    baselines_s = measure_baselines(sitting, parts)
    probe = planner.Probe(parts.network, config, parts.task, parts.feed, parts.precision)
    costs = probe.costs(parts.phases, few(sitting, parts, _TIMED), allowed_s=planner.allowed_s(budget))
    used_s = sitting.stopwatch.elapsed_s()
    looks = _importance_looks(sitting, costs)
    reserve_s, views = _reserve(sitting, parts, costs, looks=looks)
    num_tightened = _num_tightened(sitting, parts, costs)
    reserve_s["evaluate"] += num_tightened * parts.task.importance_samples * costs.look_s if num_tightened else 0.0
    available_s = None if budget.seconds is None else budget.seconds - used_s - sum(reserve_s.values())
    num_look = min(LOOK_SAMPLES, len(sitting.dataset.splits.get("valid", ())))
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
    again_s = _SPARE * costs.look_s * _num_measured(sitting) + _saving_s(parts)
    counted = planner.share(
        counted,
        config,
        step_s=planner.mean_step_s(parts.phases, costs),
        available_s=available_s,
        extra_s=parts.build_s + again_s,
        can=can_answer_together(sitting.dataset.spec),
    )
    if counted.networks > 1:
        looks //= counted.networks
        reserve_s["evaluate"] += (counted.networks - 1) * again_s
    valid_too = counted.networks > 1 and config.valid_too and can_return(sitting.dataset)
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
        "networks": counted.networks,
        "valid_too": valid_too,
        "passes": round(counted.steps / counted.networks * config.batch_size / len(sitting.train), 2),
        "precision": parts.precision.name,
        "memory_format": "channels_last" if parts.channels_last else "contiguous",
        "device": parts.precision.device.type,
        "threads": torch.get_num_threads(),
        "phases": [{"from_progress": start, "size": size} for start, size in parts.phases],
        "unit": "px" if parts.test_px else "",
        "test_size": parts.test_px,
        "law": "linear to 0",
        "eval_at": _eval_at(counted, valid_too=valid_too),
        "views": views,
        **({"importance_looks": looks} if looks else {}),
        "num_tightened": num_tightened,
        "budget": {"text": budget.text, "kind": budget.kind, "value": budget.value},
        "budget_s": budget.seconds,
        "used_before_s": round(used_s, 3),
        "baselines_s": round(baselines_s, 3),
        "reserve_s": {name: round(seconds, 3) for name, seconds in reserve_s.items()},
        "step_s": [round(costs.step_s[size], 5) for _, size in parts.phases],
        "look_s": round(costs.look_s * num_look, 4),
        "expected_finish_s": round(expected_s, 2),
        "stops_early": bool(counted.limited),
        "why": [*choice.why, *([counted.limited] if counted.limited else []), *([_VALID_TOO] if valid_too else [])],
    }
    sitting.emit(Planned(plan=plan))
    return PlanLog.start(sitting.run, plan)


def _eval_at(counted: planner.Counted, *, valid_too: bool) -> list[float]:
    """Return the progress of each look at the validation split: along the first network, then after each other.

    Where the others learn from that split, it tells nothing of them.
    """
    points = [(i + 1) / counted.num_looks / counted.networks for i in range(counted.num_looks)]
    points += [(turn + 1) / counted.networks for turn in range(1, counted.networks) if not valid_too]
    return [round(point, 4) for point in points]


def _num_measured(sitting: Sitting) -> int:
    """Return how many samples the evaluation looks at, those of the validation split twice."""
    sizes = {name: len(split) for name, split in sitting.dataset.splits.items()}
    return 2 * sizes.get("valid", 0) + sizes.get("test", 0)


def _num_tightened(sitting: Sitting, parts: Parts, costs: planner.Costs) -> int:
    """Return how many samples there is time to measure with many draws of the latents, where the network has any."""
    if not isinstance(sitting.dataset.spec.target, Density):
        return 0
    last = next((s for name in ("test", "valid") if len(s := sitting.dataset.splits.get(name, ()))), ())
    return tightening.samples_for(
        sitting.dataset.spec,
        draws=parts.task.importance_samples,
        count=len(last),
        look_s=costs.look_s,
        seconds=sitting.budget.seconds,
    )


def measure_baselines(sitting: Sitting, parts: Parts) -> float:
    """Measure the trivial models before the plan is made, so that it knows their time; return the seconds."""
    started_s, seconds = sitting.stopwatch.elapsed_s(), sitting.budget.seconds
    train, leaf = sitting.dataset.splits["train"], sitting.dataset.spec.input
    least_s = _QUICK_S if tablebaselines.is_quick(train, leaf) else _THOROUGH_S
    thorough = seconds is None or seconds >= least_s
    seed = sitting.choice.run.seed
    sitting.baselines = evaluate.baselines(parts.task, sitting.dataset, seed=seed, thorough=thorough)
    if thorough:
        sitting.baselines += leakless.baselines(_task_for(sitting), sitting.raw, sitting.dataset, seed=seed)
    return sitting.stopwatch.elapsed_s() - started_s


def _task_for(sitting: Sitting) -> Callable[[Spec], Any]:
    choice = sitting.choice
    return lambda spec: assemble.make_task(choice.run.task, choice.task, spec)


def _saving_s(parts: Parts) -> float:
    """Return about how many seconds it takes to write a network, to read it back and to hash it."""
    num_bytes: int = sum(tensor.numel() * tensor.element_size() for tensor in parts.network.state_dict().values())
    return _SAVING_S_PER_BYTE * num_bytes


def _importance_looks(sitting: Sitting, costs: planner.Costs) -> int:
    """Return how many looks at rows of a table there is time for to find out which columns matter; kept in the plan."""
    if not isinstance(sitting.dataset.spec.input, Vector):
        return 0
    return importance.looks_for(sitting.budget.seconds, costs.look_s, share=_IMPORTANCE_SHARE)


def _reserve(sitting: Sitting, parts: Parts, costs: planner.Costs, *, looks: int = 0) -> tuple[dict[str, float], bool]:
    """Return the seconds kept back for evaluation and report, and whether there is time for more views."""
    counts = {name: len(split) for name, split in sitting.dataset.splits.items() if name in ("valid", "test")}
    plain_s = costs.look_s * _num_measured(sitting)
    num_views = sum(1 for _ in parts.network.views(few(sitting, parts).inputs)) - 1
    views_s = costs.look_s * sum(counts.values()) * 0.25 * num_views
    seconds = sitting.budget.seconds
    views = sitting.choice.train.test_views and num_views > 0 and (seconds is None or views_s < _VIEWS_SHARE * seconds)
    total_s = (
        (plain_s + looks * costs.look_s + (views_s if views else 0.0)) * _SPARE + 0.2 + 4e-5 * sum(counts.values())
    )
    total_s += _saving_s(parts)
    if writer(sitting, parts) is not None:
        total_s += _WRITING_S
    total_s += tightening.remembering_s(
        sitting.dataset.spec,
        num_train=len(sitting.train),
        num_measured=_num_measured(sitting),
        look_s=costs.look_s,
    )
    if portrait.fits(sitting.dataset.spec):
        total_s += _PORTRAIT_S + _SPARE * costs.look_s * portrait.NUM_PICTURES
    if synthesis.fits(sitting.dataset.spec):
        total_s += rowportrait.seconds_for(rowportrait.effort_for(seconds), sitting.dataset.spec)
    if seriesportrait.fits(sitting.dataset.spec):
        total_s += _PORTRAIT_S + _SPARE * costs.look_s * (
            seriesportrait.NUM_STRETCHES + tightening.rows_looks(sitting.dataset)
        )
    return {"evaluate": total_s, "report": REPORT_S + _EXIT_S}, views
