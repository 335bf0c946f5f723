"""Scores on tables at equal wall time: Gnomon and what people would use instead, in turns in one run.

Every peer has its defaults; gradient boosting gets its categories as such, the perceptron and the linear models get
them one-hot and the numbers standardised. Gnomon's wall time is the whole of it, timed from outside, and it holds a
part of the training rows back for validation; a peer's is that of its fit alone, in its favour, and is not limited.

python benchmarks/tables.py run --data adult,california,covertype --budget 60s --seeds 0,1,2
python benchmarks/tables.py run --data breast-cancer,wine,diabetes --budget 20s --seeds 0,1,2
python benchmarks/tables.py run --data esol,esol-text --budget 20s --seeds 0,1,2
python benchmarks/tables.py table

Of the molecules of ESOL, ``esol`` counts the symbols of their formulas, for everybody; ``esol-text`` gives the
formulas themselves, to Gnomon, which reads text.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from records import keep, name_of, read

HERE = Path(__file__).parent
SOLUBILITY = "measured log solubility in mols per litre"
TARGETS = {
    "adult": "income",
    "california": "median_house_value",
    "covertype": "Cover_Type",
    "esol": SOLUBILITY,
    "esol-text": SOLUBILITY,
}
FILES = {"california": "california_housing.csv", "covertype": "covertype_20k.csv"}
NUMBERS = ("california", "diabetes", "esol", "esol-text")
TEXTS = {"esol-text": ("--set", "reader.texts=smiles")}
"""Data of which one column is text, which only Gnomon reads."""
SYMBOLS = (
    "C",
    "c",
    "N",
    "n",
    "O",
    "o",
    "S",
    "s",
    "F",
    "Cl",
    "Br",
    "I",
    "P",
    "=",
    "#",
    "(",
    "[",
    "+",
    "-",
    "@",
    "1",
    "2",
    "3",
    "4",
)
TEST_SHARE = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("--data", default="adult,california,covertype")
    run.add_argument("--budget", default="60s")
    run.add_argument("--seeds", default="0,1,2")
    run.add_argument("--who", default="gnomon,lightgbm,xgboost,catboost,histgb,mlp,linear")
    run.add_argument("--set", action="append", default=[])
    run.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
        return
    for seed in args.seeds.split(","):
        for data in args.data.split(","):
            with tempfile.TemporaryDirectory() as folder:
                written = write_splits(data, int(seed), Path(folder) / data)
                for who in args.who.split(",") if data not in TEXTS else ("gnomon",):
                    keep("tables", measured(who, data, written, args.budget, int(seed), args.set) | {"note": args.note})


def write_splits(data: str, seed: int, folder: Path) -> Path:
    """Write train.csv and test.csv: the official ones of Adult, else a fifth of the rows drawn for the test."""
    import numpy as np

    folder.mkdir()
    if data == "adult":
        for name in ("train", "test"):
            (folder / f"{name}.csv").write_bytes((_tabular() / f"adult_{name}.csv").read_bytes())
        return folder
    names, rows = _rows(data)
    order = np.random.default_rng(seed).permutation(len(rows))
    num_test = round(TEST_SHARE * len(rows))
    for name, picked in (("test", order[:num_test]), ("train", order[num_test:])):
        with (folder / f"{name}.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(names)
            writer.writerows(rows[i] for i in picked.tolist())
    return folder


def _rows(data: str) -> tuple[list[str], list[list[Any]]]:
    if data in FILES:
        with (_tabular() / FILES[data]).open(newline="") as lines:
            names, *rows = csv.reader(lines)
        return names, rows
    if data.startswith("esol"):
        return _molecules(counted=data == "esol")
    from sklearn import datasets

    load = {"breast-cancer": "load_breast_cancer", "wine": "load_wine", "diabetes": "load_diabetes"}[data]
    found = getattr(datasets, load)(**({"scaled": False} if data == "diabetes" else {}))
    targets = found.target if data in NUMBERS else [f"class {k}" for k in found.target]
    return [*map(str, found.feature_names), "target"], [
        [*x, y] for x, y in zip(found.data.tolist(), targets, strict=True)
    ]


def _molecules(*, counted: bool) -> tuple[list[str], list[list[Any]]]:
    """Return the formulas of molecules, or how often each symbol comes in them, and how well they dissolve."""
    with (Path(os.environ["GNOMON_DATA"]) / "esol" / "delaney-processed.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    formulas = [row["smiles"].strip() for row in rows]
    cells = (
        [[_count(formula, symbol) for symbol in SYMBOLS] for formula in formulas]
        if counted
        else [[f] for f in formulas]
    )
    names = [f"count of {symbol}" for symbol in SYMBOLS] if counted else ["smiles"]
    return [*names, SOLUBILITY], [[*some, row[SOLUBILITY]] for some, row in zip(cells, rows, strict=True)]


def _count(formula: str, symbol: str) -> int:
    """Return how often a symbol comes: the C of Cl is no carbon."""
    return formula.count(symbol) - (formula.count("Cl") if symbol == "C" else 0)


def _tabular() -> Path:
    return Path(os.environ["GNOMON_DATA"]) / "tabular"


def measured(who: str, data: str, folder: Path, budget: str, seed: int, settings: list[str]) -> dict[str, Any]:
    """Run one training in a process of its own and return what it reached on the test rows."""
    target = TARGETS.get(data, "target")
    with tempfile.TemporaryDirectory() as runs:
        if who == "gnomon":
            command = [sys.executable, "-m", "gnomon", "train", str(folder), "--target", target, "--budget", budget]
            command += ["--seed", str(seed), "--out", f"{runs}/run", "--json"]
            command += [word for setting in settings for word in ("--set", setting)]
            command += TEXTS.get(data, ())
        else:
            command = [sys.executable, str(HERE / "peers" / "tables.py"), who, str(folder), "--target", target]
            command += ["--seed", str(seed), *(["--number"] if data in NUMBERS else [])]
        load = os.getloadavg()[0]
        started_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        elapsed_s = time.monotonic() - started_s
    if done.returncode:
        raise SystemExit(f"{who} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if who == "gnomon":
        scores = {name: score["value"] for name, score in found["scores"]["test"].items()}
        found = {"scores": scores, "fit_s": elapsed_s, "steps": found["steps"]}
    return {
        "who": who,
        "data": data,
        "budget": budget if who == "gnomon" else "",
        "seed": seed,
        "scores": {name: round(value, 6) for name, value in found["scores"].items()},
        "wall_s": round(found["fit_s"], 2),
        "steps": found.get("steps"),
        "settings": settings if who == "gnomon" else [],
        "load_before": round(load, 2),
    }


def table() -> str:
    """Return the medians over seeds as a Markdown table."""
    records = read("tables", "data", "who", "budget")
    lines = [
        "| data | who | budget | seeds | score, median (all) | wall time | machine |",
        "|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record in records:
        key = (record["data"], name_of(record), record["budget"], record["machine"])
        groups.setdefault(key, []).append(record)
    for (data, who, budget, where), found in sorted(groups.items()):
        name = "rmse" if data in NUMBERS else "accuracy"
        values = sorted(record["scores"][name] for record in found)
        each = ", ".join(f"{value:.4g}" for value in values)
        wall = statistics.median(record["wall_s"] for record in found)
        score = f"{name} {statistics.median(values):.4g} ({each})"
        lines.append(f"| {data} | {who} | {budget} | {len(found)} | {score} | {wall:.1f} s | {where} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
