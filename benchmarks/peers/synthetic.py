"""A classifier trained on one table and asked about another, so that a made-up table can be weighed by what it teaches.

Boosted trees of scikit-learn with their defaults; categories as such. ``copula`` makes such a table by a Gaussian
copula of its own: normal scores of each column, ties broken at random, tied together by their correlations.

python benchmarks/peers/synthetic.py score FOLDER/train.csv FOLDER/test.csv --target income
python benchmarks/peers/synthetic.py copula FOLDER/train.csv --out made.csv --count 32561 --seed 0
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    score = verbs.add_parser("score")
    score.add_argument("tables", type=Path, nargs=2)
    score.add_argument("--target", required=True)
    score.add_argument("--seed", type=int, default=0)
    copula = verbs.add_parser("copula")
    copula.add_argument("table", type=Path)
    copula.add_argument("--out", type=Path, required=True)
    copula.add_argument("--count", type=int, required=True)
    copula.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.verb == "score":
        print(json.dumps({"accuracy": accuracy(*args.tables, args.target, args.seed)}))
    else:
        write_copula(args.table, args.out, args.count, args.seed)


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="") as lines:
        names, *rows = csv.reader(lines)
    return names, rows


def accuracy(train: Path, test: Path, target: str, seed: int) -> float:
    """Return the accuracy on ``test`` of boosted trees that are trained on ``train``."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    names, rows = read(train)
    others, asked = read(test)
    if set(names) != set(others):
        raise SystemExit(f"the tables have other columns: {sorted(set(names) ^ set(others))}")
    parts, kinds = [], []
    for name in (name for name in names if name != target):
        known, new = ([row[cols.index(name)] for row in some] for cols, some in ((names, rows), (others, asked)))
        columns, is_category = encoded(known, new)
        parts.append(columns)
        kinds.append(is_category)
    labels = [np.array([row[cols.index(target)] for row in some]) for cols, some in ((names, rows), (others, asked))]
    model = HistGradientBoostingClassifier(categorical_features=kinds, random_state=seed)
    model.fit(np.stack([known for known, _ in parts], axis=1), labels[0])
    found = model.predict(np.stack([new for _, new in parts], axis=1))
    return float((found == labels[1]).mean())


def encoded(known: list[str], new: list[str]) -> tuple[tuple[Any, Any], bool]:
    """Return both columns as numbers, NaN where a cell is missing or its category is not known; whether it is one."""
    try:
        return tuple(
            np.array([float(c) if c not in ("", "?") else np.nan for c in some]) for some in (known, new)
        ), False  # type: ignore[return-value]
    except ValueError:
        codes = {value: code for code, value in enumerate(sorted(set(known) - {"", "?"})[:250])}
        return tuple(np.array([codes.get(c, np.nan) for c in some], float) for some in (known, new)), True  # type: ignore[return-value]


def write_copula(table: Path, out: Path, count: int, seed: int) -> None:
    """Write a table whose cells all come from the columns of ``table``, tied by the correlations of normal scores."""
    from scipy.special import ndtr, ndtri

    names, rows = read(table)
    draw = np.random.default_rng(seed)
    columns = [np.array([row[k] for row in rows]) for k in range(len(names))]
    orders, scores = [], []
    for column in columns:
        try:
            order = np.argsort([float(c) if c not in ("", "?") else -np.inf for c in column], kind="stable")
            ranked = [float(c) if c not in ("", "?") else -np.inf for c in column[order]]
        except ValueError:
            values, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
            frequency = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")[inverse]
            order = np.argsort(frequency, kind="stable")
            ranked = frequency[order].tolist()
        places = np.empty(len(column))
        same = np.unique(ranked, return_inverse=True)[1]
        places[order[np.lexsort((draw.random(len(column)), same))]] = (np.arange(len(column)) + 0.5) / len(column)
        orders.append(order)
        scores.append(ndtri(places))
    correlation = np.corrcoef(np.stack(scores))
    values, axes = np.linalg.eigh(correlation)
    shares = ndtr(draw.standard_normal((count, len(names))) @ (axes * np.sqrt(np.maximum(values, 0))).T)
    made = [column[order[np.minimum((s * len(column)).astype(int), len(column) - 1)]]
            for column, order, s in zip(columns, orders, shares.T, strict=True)]  # fmt: skip
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(zip(*made, strict=True))


if __name__ == "__main__":
    main()
