"""Test error on ETTh1 at equal wall time: Gnomon and what people would write instead, in turns in one run.

All seven channels are forecast; errors are squared, on values scaled by the training rows, over all windows of the
customary months (12 for training, 4, 4). Gnomon's wall time is the whole of it, timed from outside; the peer's ends
before it evaluates, in its favour, and it stops by itself when its validation error rises.

python benchmarks/forecasting.py run --budget 5m --seeds 0,1,2 --horizons 96,192,336,720
python benchmarks/forecasting.py table
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
from pathlib import Path
from typing import Any

from records import keep, name_of, read, seconds

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("--budget", default="5m")
    run.add_argument("--seeds", default="0,1,2")
    run.add_argument("--horizons", default="96,192,336,720")
    run.add_argument("--who", default="gnomon,dlinear")
    run.add_argument("--set", action="append", default=[])
    run.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
        return
    for seed in args.seeds.split(","):
        for horizon in args.horizons.split(","):
            for who in args.who.split(","):
                for record in measured(who, int(horizon), args.budget, int(seed), args.set):
                    keep("forecasting", record | {"note": args.note})


def measured(who: str, horizon: int, budget: str, seed: int, settings: list[str]) -> list[dict[str, Any]]:
    """Run one training in a process of its own and return what it, and what came with it, reached."""
    with tempfile.TemporaryDirectory() as folder:
        if who == "gnomon":
            command = [sys.executable, "-m", "gnomon", "train", "etth1", "--horizon", str(horizon)]
            command += ["--budget", budget, "--seed", str(seed), "--out", f"{folder}/run", "--json"]
            command += [word for setting in settings for word in ("--set", setting)]
        else:
            command = [sys.executable, str(HERE / "peers" / "dlinear.py"), "--data", str(unpacked())]
            command += ["--horizon", str(horizon), "--wall-s", str(seconds(budget)), "--seed", str(seed)]
        load = os.getloadavg()[0]
        started_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        elapsed_s = time.monotonic() - started_s
    if done.returncode:
        raise SystemExit(f"{who} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    shared = {
        "horizon": horizon,
        "budget": budget,
        "seed": seed,
        "wall_s": round(elapsed_s if who == "gnomon" else found["trained_s"], 2),
        "steps": found["steps"],
        "settings": settings,
        "load_before": round(load, 2),
    }
    if who == "gnomon":
        return [{"who": who, **_scores(found["scores"]), **shared}]
    return [{"who": name, **scores, **shared} for name, scores in found["scores"].items()]


def _scores(scores: dict[str, Any]) -> dict[str, float]:
    wanted = [(split, name) for split in ("valid", "test") for name in ("mse", "mae")]
    return {f"{split}_{name}": scores[split][name]["value"] for split, name in wanted}


def unpacked() -> Path:
    """Return a folder with the rows of all splits as one plain array, and the row at which each of them ends."""
    folder = Path(tempfile.gettempdir()) / "gnomon-benchmark-etth1"
    if not (folder / "ends.npy").exists():
        import numpy as np

        from gnomon.core.config import DataConfig
        from gnomon.core.events import silent
        from gnomon.data.opening import load_dataset

        named = os.environ.get("GNOMON_DATA")
        dataset = load_dataset(DataConfig(path="etth1"), seed=0, data_dir=Path(named) if named else None, emit=silent)
        parts = [dataset.splits[name] for name in ("train", "valid", "test")]
        folder.mkdir(exist_ok=True)
        np.save(folder / "rows.npy", np.concatenate([np.asarray(p.inputs[0 : len(p)], np.float32) for p in parts]))
        np.save(folder / "ends.npy", np.cumsum([len(p) for p in parts]))
    return folder


def table() -> str:
    """Return the medians over seeds as a Markdown table."""
    records = read("forecasting", "horizon", "budget", "who")
    lines = [
        "| horizon | budget | who | seeds | test MSE, median (all) | test MAE | valid MSE | wall time | machine |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[int, str, str, str], list[dict[str, Any]]] = {}
    for record in records:
        key = (record["horizon"], record["budget"], name_of(record), record["machine"])
        groups.setdefault(key, []).append(record)
    for (horizon, budget, who, where), found in sorted(groups.items(), key=lambda g: (g[0][0], seconds(g[0][1]), g[0])):
        middle = {name: statistics.median(r[name] for r in found) for name in ("test_mse", "test_mae", "valid_mse")}
        each = ", ".join(f"{mse:.3f}" for mse in sorted(record["test_mse"] for record in found))
        wall = "-" if who == "seasonal" else f"{statistics.median(record['wall_s'] for record in found):.0f} s"
        lines.append(
            f"| {horizon} | {budget} | {who} | {len(found)} | {middle['test_mse']:.3f} ({each}) "
            f"| {middle['test_mae']:.3f} | {middle['valid_mse']:.3f} | {wall} | {where} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
