"""Text at equal wall time: Gnomon and what people would write instead, in turns in one run.

The headline of each work: accuracy on test (TREC, MR), token accuracy on test (UD English EWT), nats a character on the
last tenth (tinyshakespeare, which has no test part). Gnomon's wall time is the whole of it, timed from outside; the
peers' ends before they evaluate, and those that need no budget (linear model, CRF) stop by themselves.

python benchmarks/text.py run --work trec,mr --budget 60s --seeds 0,1,2
python benchmarks/text.py run --work tinyshakespeare --budget 3m --seeds 0,1,2
python benchmarks/text.py run --work ud-ewt --budget 5m --seeds 0,1,2
python benchmarks/text.py table
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records import keep, name_of, read, seconds

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Work:
    """What is measured: on which split, by which metric, beside whom, and how Gnomon is called."""

    split: str
    metric: str
    peers: tuple[str, ...]
    words: tuple[str, ...] = ()


WORKS = {
    "trec": Work("test", "accuracy", ("linear_text",)),
    "mr": Work("test", "accuracy", ("linear_text",)),
    "ud-ewt": Work("test", "token_accuracy", ("crf_tagger",)),
    "tinyshakespeare": Work("valid", "loss", ("char_gpt",), ("--split", "0.9,0.1,0")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("--work", default="trec,mr")
    run.add_argument("--budget", default="60s")
    run.add_argument("--seeds", default="0,1,2")
    run.add_argument("--who", default="gnomon,peers")
    run.add_argument("--set", action="append", default=[])
    run.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
        return
    for seed in map(int, args.seeds.split(",")):
        for name in args.work.split(","):
            for who in args.who.split(","):
                for one in WORKS[name].peers if who == "peers" else (who,):
                    keep("text", measured(name, one, args.budget, seed, args.set) | {"note": args.note})


def measured(name: str, who: str, budget: str, seed: int, settings: list[str]) -> dict[str, Any]:
    """Run one training in a process of its own and return what it reached, timed from outside."""
    work = WORKS[name]
    with tempfile.TemporaryDirectory() as folder:
        if who == "gnomon":
            command = [sys.executable, "-m", "gnomon", "train", name, "--budget", budget, "--seed", str(seed)]
            command += [*work.words, "--out", f"{folder}/run", "--json"]
            command += [word for setting in settings for word in ("--set", setting)]
        else:
            command = [sys.executable, str(HERE / "peers" / f"{who}.py"), "--data", str(unpacked(name))]
            command += ["--wall-s", str(seconds(budget)), "--seed", str(seed)]
        load = os.getloadavg()[0]
        started_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        elapsed_s = time.monotonic() - started_s
    if done.returncode:
        raise SystemExit(f"{who} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    value = found["scores"][work.split][work.metric]["value"] if who == "gnomon" else found[work.metric]
    return {
        "work": name,
        "who": who,
        "budget": budget,
        "seed": seed,
        work.metric: value,
        "wall_s": round(elapsed_s if who == "gnomon" else found["trained_s"], 2),
        "steps": found["steps"],
        "settings": settings,
        "load_before": round(load, 2),
    }


def unpacked(name: str) -> Path:
    """Return a JSON file with the texts and targets of a work, split as Gnomon splits them."""
    path = Path(tempfile.gettempdir()) / f"gnomon-benchmark-{name}.json"
    if not path.exists():
        import numpy as np

        from gnomon.core.config import DataConfig
        from gnomon.core.events import silent
        from gnomon.data.opening import load_dataset

        named = os.environ.get("GNOMON_DATA")
        data = DataConfig(path=name, split="0.9,0.1,0" if name == "tinyshakespeare" else "auto")
        dataset = load_dataset(data, seed=0, data_dir=Path(named) if named else None, emit=silent)
        parts: dict[str, Any] = {}
        for split, part in dataset.splits.items():
            rows = np.arange(len(part))
            inputs = list(part.inputs[rows])
            targets = [] if part.targets is part.inputs else [np.asarray(t).tolist() for t in part.targets[rows]]
            parts[split] = {"inputs": inputs, "targets": targets}
        path.write_text(json.dumps(parts))
    return path


def table() -> str:
    """Return the medians over seeds as a Markdown table."""
    records = read("text", "work", "budget", "who")
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["work"], record["budget"], name_of(record), record["machine"]), []).append(record)
    lines = [
        "| work | budget | who | seeds | median (all) | wall time, median | machine |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, budget, who, where), found in sorted(groups.items(), key=lambda g: (g[0][0], seconds(g[0][1]), g[0][2])):
        metric = WORKS[name].metric
        values = sorted(record[metric] for record in found)
        form = "{:.3f}" if metric == "loss" else "{:.2%}"
        each = ", ".join(form.format(value) for value in values)
        median = form.format(statistics.median(values))
        wall_s = statistics.median(record["wall_s"] for record in found)
        lines.append(
            f"| {name}, {metric} | {budget} | {who} | {len(found)} | {median} ({each}) | {wall_s:.1f} s | {where} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
