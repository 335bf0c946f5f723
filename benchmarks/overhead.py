"""A training step of Gnomon's loop against a bare hand-written loop: same network, same batches, in turns.

    python benchmarks/overhead.py --rounds 7 --steps 30

The bare loop makes the batch, runs forward and backward, and steps the same optimizer; it records, checks, plans and
shows nothing. Prints medians over rounds and the ratio round by round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from records import keep

from gnomon.core.processors import wait_politely

wait_politely()

import torch  # noqa: E402

from gnomon import assemble, sitting  # noqa: E402
from gnomon.api import _allowance  # noqa: E402
from gnomon.core.clock import MonotonicClock, Stopwatch  # noqa: E402
from gnomon.core.events import silent  # noqa: E402
from gnomon.core.ranks import Ranks  # noqa: E402
from gnomon.core.run import create_at  # noqa: E402
from gnomon.data import opening, preparing  # noqa: E402
from gnomon.training import loop, machine, memory  # noqa: E402
from gnomon.training.budget import parse_budget  # noqa: E402
from gnomon.training.optim import Optimizer  # noqa: E402
from gnomon.training.plan import size_at  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--data", default="cifar10")
    args = parser.parse_args()
    memory.keep_freed_memory()
    named = os.environ.get("GNOMON_DATA")
    budget = parse_budget(f"{args.steps}steps")
    wished = assemble.wish([("user", {"data.path": args.data, "run.budget": budget.text})])
    dataset = opening.load_dataset(wished.data, seed=0, data_dir=Path(named) if named else None, emit=silent)
    known = machine.know(torch.device("cpu"), cache=opening.cache_folder(), may_measure=True)
    torch.set_num_threads(known.threads)
    allowance = _allowance(budget, len(dataset.splits["train"]), used_s=0.0)
    prepared = preparing.prepare(dataset, wished.layers, cache_dir=opening.cache_folder())
    choice = assemble.choose(wished, prepared, known.speed(), allowance=allowance)
    choice = replace(choice, train=replace(choice.train, evaluations=1))
    ours, bare = [], []
    for _ in range(args.rounds):
        ours.append(_ours(choice, dataset, budget, known))
        bare.append(_bare(choice, dataset, budget, known, args.steps))
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    record = {
        "gnomon_s": statistics.median(ours),
        "bare_s": statistics.median(bare),
        "ratio_median": statistics.median(ratios),
        "ratios": [round(r, 4) for r in ratios],
        "steps": args.steps,
    }
    keep("overhead", record)


def _parts(choice, dataset, budget, known, folder):  # type: ignore[no-untyped-def]
    clock = MonotonicClock()
    chosen = sitting.Sitting(
        run=create_at(Path(folder) / "run"),
        choice=choice,
        raw=dataset,
        dataset=dataset,
        preparation={},
        budget=budget,
        machine=known,
        clock=clock,
        stopwatch=Stopwatch(clock),
        emit=silent,
        should_stop=lambda: False,
        ranks=Ranks(),
    )
    return chosen, sitting.parts_for(chosen, precision=known.precision, channels_last=known.channels_last)


def _ours(choice, dataset, budget, known) -> float:  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory() as folder:
        chosen, parts = _parts(choice, dataset, budget, known, folder)
        log = sitting.make_plan(chosen, parts)
        state = sitting._state(chosen, parts, None)
        fit = sitting._fit(chosen, parts, log, state, timed=True)
        fit.eval_at = ()  # a look at the validation split is not a step
        started_s = time.perf_counter()
        loop.fit(fit)
        return (time.perf_counter() - started_s) / log.plan["steps"]


def _bare(choice, dataset, budget, known, steps: int) -> float:  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory() as folder:
        _, parts = _parts(choice, dataset, budget, known, folder)
    network, config = parts.network, choice.train
    optimizer = Optimizer(network, config, iterate_in=parts.precision.iterate_in)
    network.train()
    started_s = time.perf_counter()
    for step in range(steps):
        batch = parts.feed.batch(step, size=size_at(parts.phases, step / steps))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=known.precision == "bf16"):
            output = network(batch.inputs)
        loss = parts.task.loss(output, batch.targets)
        network.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step(step / steps, len(batch))
    return (time.perf_counter() - started_s) / steps


if __name__ == "__main__":
    main()
