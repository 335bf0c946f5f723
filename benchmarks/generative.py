"""Likelihood, bits per dimension and anomaly detection at equal wall time: Gnomon beside what people would use instead.

Gnomon's wall time is the whole of it, timed from outside. ``nll`` and ``bits`` are those of the test split, measured
anew after the run with 500 importance samples for ``--check`` evenly spread pictures of it; ``anomaly`` holds each
digit of MNIST out in turn. Models are not told the classes. The trivial models of the run stand beside.
``series`` learns etth1, puts anomalies of four kinds into its test rows (`oddities.py`), asks about each row by
``gnomon predict``, and tells the AUROC over rows, beside a robust z-score, the distance from the season before, and
principal components and an isolation forest of windows that are as long.

python benchmarks/generative.py nll --budget 10m --seeds 0,1,2
python benchmarks/generative.py bits --budget 20m --seeds 0
python benchmarks/generative.py anomaly --budget 60s --seeds 0
python benchmarks/generative.py series --budget 2m --seeds 0,1,2
python benchmarks/generative.py table
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from cifar10 import machine, seconds

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "generative.jsonl"
DIGITS = "0123456789"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, budget in (("nll", "10m"), ("bits", "20m"), ("anomaly", "60s")):
        verb = verbs.add_parser(name)
        verb.add_argument("--budget", default=budget)
        verb.add_argument("--seeds", default="0")
        verb.add_argument("--digits", default=DIGITS)
        verb.add_argument("--set", action="append", default=[])
        verb.add_argument("--check", type=int, default=1000)
        verb.add_argument("--note", default="")
    series = verbs.add_parser("series")
    series.add_argument("--budget", default="2m")
    series.add_argument("--seeds", default="0")
    series.add_argument("--set", action="append", default=[])
    series.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
        return
    if args.verb == "series":
        for seed in args.seeds.split(","):
            for record in of_series(args.budget, int(seed), args.set):
                keep(record | {"digit": "", "note": args.note})
        return
    for seed in args.seeds.split(","):
        for digit in args.digits if args.verb == "anomaly" else [""]:
            settings = [*args.set, *of_task(args.verb, digit)]
            for record in measured(args.verb, args.budget, int(seed), settings, args.check):
                keep(record | {"digit": digit, "note": args.note})


def of_task(verb: str, digit: str) -> list[str]:
    """Return the settings that make runs comparable with the literature."""
    if verb == "anomaly":
        return [f'density.anomalous=["{digit}"]']
    return ["density.condition=off"]


def measured(verb: str, budget: str, seed: int, settings: list[str], check: int) -> list[dict[str, Any]]:
    """Run one training in a process of its own and return what it, and the trivial models beside it, reached."""
    data = "cifar10" if verb == "bits" else "mnist"
    task = "anomaly" if verb == "anomaly" else "generate"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gnomon", "train", data, "--task", task, "--budget", budget]
        command += ["--seed", str(seed), "--out", f"{folder}/run", "--json"]
        command += [word for setting in settings for word in ("--set", setting)]
        load, started_s = os.getloadavg()[0], time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        elapsed_s = time.monotonic() - started_s
        if done.returncode:
            raise SystemExit(f"gnomon failed with {done.returncode}:\n{done.stderr[-3000:]}")
        found = json.loads(done.stdout.strip().splitlines()[-1])
        evaluation = json.loads(Path(folder, "run", "evaluation.json").read_text())
        checked = tightened(Path(folder, "run"), check) if task == "generate" and check else {}
    shared = {
        "what": verb,
        "budget": budget,
        "seed": seed,
        "settings": settings,
        "load_before": round(load, 2),
        "when": datetime.now().isoformat(timespec="seconds"),
        "machine": machine(),
    }
    own = {
        "who": "gnomon",
        "scores": {name: score["value"] for name, score in found["scores"]["test"].items()},
        "bound": evaluation["details"]["test"]["bound"],
        **checked,
        "wall_s": round(elapsed_s, 2),
        "steps": found["steps"],
    }
    beside = [
        {"who": one["name"], "scores": {name: score["value"] for name, score in one["scores"].items()}}
        for one in evaluation["baselines"]
    ]
    return [one | shared for one in (own, *beside)]


def of_series(budget: str, seed: int, settings: list[str]) -> list[dict[str, Any]]:
    """Learn a series and return how well it, and simpler means, tell the rows of injected anomalies from the others."""
    import numpy as np
    from oddities import KINDS, Given, injected, simple_scores

    given = Given.of_etth1(Path(os.environ["GNOMON_DATA"]) / "etth1" / "ETTh1.csv")
    with tempfile.TemporaryDirectory() as folder:
        command = ["train", "etth1", "--task", "anomaly", "--budget", budget, "--seed", str(seed)]
        command += ["--out", f"{folder}/run", *(word for setting in settings for word in ("--set", setting))]
        started_s = time.monotonic()
        trained = told(command)
        wall_s = time.monotonic() - started_s
        window = json.loads(Path(folder, "run", "preparation.json").read_text())["window"]
        found: dict[str, dict[str, float]] = {}
        for kind in KINDS:
            rows, odd = injected(given.test, kind, seed=seed, deviation=given.deviation, period=given.period)
            given.write(rows, Path(folder, "odd.csv"))
            answers = told(["predict", f"{folder}/run", f"{folder}/odd.csv"])["predictions"]
            scores = {"gnomon": np.array([one["score"] for one in answers])}
            scores |= simple_scores(given, rows, window=window, seed=seed)
            for who, each in scores.items():
                found.setdefault(who, {})[kind] = area(each, odd)
    shared = {"what": "series", "budget": budget, "seed": seed, "settings": settings, "machine": machine()}
    shared["when"] = datetime.now().isoformat(timespec="seconds")
    own = {"wall_s": round(wall_s, 2), "steps": trained["steps"]}
    return [
        {"who": who, "scores": {**each, "auroc": statistics.mean(each.values())}, **(own if who == "gnomon" else {})}
        | shared
        for who, each in found.items()
    ]


def told(words: list[str]) -> dict[str, Any]:
    """Run ``gnomon`` in a process of its own and return what it tells as JSON."""
    done = subprocess.run([sys.executable, "-m", "gnomon", *words, "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"gnomon failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def area(scores: Any, odd: Any) -> float:
    """Return the area under the curve of caught anomalies against false alarms."""
    from gnomon.core import ranking

    return float(ranking.auroc(scores, odd).value)


def tightened(run: Path, num: int) -> dict[str, Any]:
    """Return the bound of 500 draws on ``num`` test pictures, with the cheap bound over all of them."""
    from dataclasses import replace

    from gnomon import assemble
    from gnomon.core import bounds
    from gnomon.core.config import DataConfig
    from gnomon.core.events import silent
    from gnomon.core.run import RunFolder
    from gnomon.data.opening import load_dataset
    from gnomon.outputs import tightening

    model = replace(assemble.load_model(RunFolder(run).model), num_tightened=num)
    source = json.loads((run / "data.json").read_text())["name"]
    data_dir = Path(os.environ["GNOMON_DATA"]) if "GNOMON_DATA" in os.environ else None
    dataset = load_dataset(DataConfig(path=source), seed=0, data_dir=data_dir, emit=silent)
    split = dataset.splits["test"]
    kept = tightening.tightened(model, split, tightening.outputs(model, split))
    found = bounds.terms(kept, also=model.task.also)
    score = bounds.negative_log_likelihood(found)
    bits = score.value / model.task.num_values / 0.6931471805599453
    return {"nll_500": score.value, "bits_500": bits, "interval": [score.low, score.high], "checked": num}


def keep(record: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a") as out:
        out.write(json.dumps(record) + "\n")
    print(json.dumps(record), flush=True)


def table() -> str:
    """Return the medians over seeds as a Markdown table; of anomalies, the mean over the digits of each seed."""
    records = [json.loads(row) for row in RESULTS.read_text().splitlines()]
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["what"], record["budget"], record["who"], record["machine"]), []).append(record)
    lines = ["| what | budget | who | runs | score, median over seeds (all) | wall time | machine |", "|" + "---|" * 7]
    for (what, budget, who, where), found in sorted(groups.items(), key=lambda g: (g[0][0], seconds(g[0][1]), g[0])):
        values = by_seed(what, found)
        each = ", ".join(f"{value:.3f}" for value in sorted(values))
        wall = f"{statistics.median(r['wall_s'] for r in found):.0f} s" if who == "gnomon" else "-"
        middle = statistics.median(values)
        lines.append(f"| {what} | {budget} | {who} | {len(found)} | {middle:.3f} ({each}) | {wall} | {where} |")
    return "\n".join(lines)


def by_seed(what: str, found: list[dict[str, Any]]) -> list[float]:
    """Return the score of each seed."""
    name, checked = {
        "nll": ("nll", "nll_500"),
        "bits": ("bits_per_dim", "bits_500"),
        "anomaly": ("auroc", ""),
        "series": ("auroc", ""),
    }[what]
    scores: dict[int, list[float]] = {}
    for record in found:
        scores.setdefault(record["seed"], []).append(record.get(checked, record["scores"][name]))
    return [statistics.mean(values) for values in scores.values()]


if __name__ == "__main__":
    main()
