"""Trees: the speed of a training step beside a network that walks node by node, its cost against depth, and scores.

    python benchmarks/trees.py speed --rounds 5
    python benchmarks/trees.py depth
    python benchmarks/trees.py run --work sst,sst-binary,listops --budget 10m --seeds 0,1,2
    python benchmarks/trees.py run --work python-ast --budget 2m --seeds 0,1,2
    python benchmarks/trees.py table

Both sides of ``speed`` are a binary Tree-LSTM of the same weights, which give the same loss, on the same batches of the
Stanford Sentiment Treebank, with the same optimizer; they take turns. ``depth`` times forward and backward over left
branching trees that have the same number of nodes together, from many flat ones to a few deep ones.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cifar10 import machine, seconds

from gnomon.core.processors import wait_politely

wait_politely()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from peers.tree_by_node import NodeByNode  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from gnomon.core.spec import Tree  # noqa: E402
from gnomon.layers.head import Head  # noqa: E402
from gnomon.layers.tree_fold import FoldCell  # noqa: E402
from gnomon.layers.tree_networks import TreeNetwork  # noqa: E402
from gnomon.layers.tree_places import PlaceLstm  # noqa: E402

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "trees.jsonl"
CLASSES, EMBEDDING = 5, 300


@dataclass(frozen=True)
class Work:
    """What is measured: the data, by which metric, beside whom, and how Gnomon is called."""

    data: str
    metric: str
    peers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


WORKS = {
    "sst": Work("sst", "root_accuracy", ("linear_text",)),
    "sst-binary": Work("sst", "root_accuracy", ("linear_text",), ("--set", "reader.classes=binary")),
    "listops": Work("listops", "accuracy", ("flat_lstm",)),
    "python-ast": Work("python-ast", "accuracy"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    speed = verbs.add_parser("speed")
    speed.add_argument("--rounds", type=int, default=5)
    speed.add_argument("--width", type=int, default=150)
    speed.add_argument("--batch", type=int, default=64)
    speed.add_argument("--threads", type=int, default=0)
    speed.add_argument("--device", default="cpu", help="where our side computes; the reference stays on the processor")
    depth = verbs.add_parser("depth")
    depth.add_argument("--nodes", type=int, default=16_384)
    depth.add_argument("--width", type=int, default=150)
    depth.add_argument("--threads", type=int, default=0)
    run = verbs.add_parser("run")
    run.add_argument("--work", default="sst,sst-binary,listops")
    run.add_argument("--budget", default="10m")
    run.add_argument("--seeds", default="0,1,2")
    run.add_argument("--who", default="gnomon,peers")
    run.add_argument("--set", action="append", default=[])
    run.add_argument("--note", default="")
    verbs.add_parser("table")
    args = parser.parse_args()
    if args.verb == "table":
        print(table())
    elif args.verb == "run":
        run_all(args)
    else:
        if args.threads:
            torch.set_num_threads(args.threads)
        keep(measured_speed(args) if args.verb == "speed" else measured_depth(args))


def keep(record: dict[str, Any]) -> None:
    record |= {"when": datetime.now().isoformat(timespec="seconds"), "machine": machine()}
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a") as out:
        out.write(json.dumps(record) + "\n")
    print(json.dumps(record), flush=True)


# --- speed -----------------------------------------------------------------------------------------------------------


def measured_speed(args: argparse.Namespace) -> dict[str, Any]:
    trees, num_words = sentences()
    torch.manual_seed(0)
    ours = TreeNetwork(
        Tree(sizes=(num_words,), nodes=120, arity=2, depth=30),
        Head(args.width, CLASSES),
        PlaceLstm(EMBEDDING, args.width, 2),
        embedding=EMBEDDING,
        every_node=True,
    )
    theirs = NodeByNode(ours)
    batches = [trees[i * args.batch : (i + 1) * args.batch] for i in range(args.rounds + 1)]
    difference = abs((our_loss(ours, *packed(batches[0])) - theirs(batches[0])).item())
    assert difference < 1e-5, f"the two sides differ by {difference}"
    device = torch.device(args.device)
    ours.to(device)
    steps = {"ours": stepping(ours), "theirs": stepping(theirs)}
    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number, batch in enumerate(batches):
        inputs, labels = (part.to(device) for part in packed(batch))
        taken = {
            "ours": timed(lambda i=inputs, y=labels: steps["ours"](lambda: our_loss(ours, i, y)), device),
            "theirs": timed(lambda b=batch: steps["theirs"](lambda: theirs(b)), torch.device("cpu")),
        }
        if number:  # the first one warms up
            for side, spent_s in taken.items():
                found[side].append(args.batch / spent_s)
    ratios = sorted(a / b for a, b in zip(found["ours"], found["theirs"], strict=True))
    return {
        "what": "speed",
        "width": args.width,
        "batch": args.batch,
        "threads": torch.get_num_threads(),
        "device": args.device,
        "rounds": args.rounds,
        "trees_per_s": {side: round(statistics.median(values), 1) for side, values in found.items()},
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(ratios[0], 2), round(ratios[-1], 2)],
        "loss_difference": difference,
        "load_before": round(os.getloadavg()[0], 2),
    }


def our_loss(network: TreeNetwork, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(network(inputs).value.flatten(0, 1), labels.flatten(), ignore_index=-1)


def stepping(network: torch.nn.Module) -> Callable[[Callable[[], torch.Tensor]], None]:
    optimizer = torch.optim.Adagrad(network.parameters(), lr=0.05)

    def step(loss: Callable[[], torch.Tensor]) -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def timed(work: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started_s = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started_s


def sentences() -> tuple[list[Any], int]:
    """Return the training trees as ``(word, children, label)``, words as tensors, and how many words there are."""
    numbers: dict[str, int] = {}
    found = []
    folder = Path(os.environ["GNOMON_DATA"]) / "sst"
    for line in (folder / "train.txt").read_text(encoding="utf-8").splitlines():
        stack: list[list[Any]] = [[]]
        labels: list[int] = []
        for token in re.findall(r"\(\d|\)|[^\s()]+", line):
            if token.startswith("("):
                labels.append(int(token[1]))
                stack.append([])
            elif token == ")":
                inside = stack.pop()
                word = inside[0] if isinstance(inside[0], int) else None
                children = () if word is not None else tuple(inside)
                place = None if word is None else torch.tensor(word)
                stack[-1].append((place, children, labels.pop()))
            else:
                stack[-1].append(numbers.setdefault(token, len(numbers) + 2))
        found.append(stack[0][0])
    return found, len(numbers) + 2


def packed(trees: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return trees as the leaf kind `Tree` stores them, and the labels of their nodes."""
    rows = [flattened(tree) for tree in trees]
    width = max(map(len, rows))
    nodes = np.zeros((len(rows), width, 4), np.int64)
    labels = np.full((len(rows), width), -1, np.int64)
    for i, row in enumerate(rows):
        values = np.array(row, np.int64)
        nodes[i, : len(row)], labels[i, : len(row)] = values[:, :4], values[:, 4]
    return torch.from_numpy(nodes), torch.from_numpy(labels)


def flattened(tree: Any) -> list[list[int]]:
    rows: list[list[int]] = []

    def add(node: Any) -> int:
        word, children, label = node
        below = [add(child) for child in children]
        height = 1 + max((rows[child][2] for child in below), default=-1)
        rows.append([0, 1, height, 1 if word is None else int(word), label])
        for place, child in enumerate(below, start=1):
            rows[child][:2] = len(rows) - 1 - child, place
        return len(rows) - 1

    add(tree)
    return rows


# --- depth -----------------------------------------------------------------------------------------------------------


def measured_depth(args: argparse.Namespace) -> dict[str, Any]:
    curve = []
    for cell in (PlaceLstm(EMBEDDING, args.width, 2), FoldCell(EMBEDDING, args.width, 2 * args.width)):
        torch.manual_seed(0)
        network = TreeNetwork(
            Tree(sizes=(100,), nodes=args.nodes, arity=2, depth=args.nodes),
            Head(args.width, CLASSES),
            cell,
            embedding=EMBEDDING,
            every_node=False,
        )
        depth = 1
        while 2 * depth < args.nodes:
            inputs = branching(depth, args.nodes // (2 * depth + 1))
            spent_s = min(timed(lambda n=network, i=inputs: passed(n, i), torch.device("cpu")) for _ in range(3))
            num_nodes = int((inputs[..., 1] > 0).sum())
            curve.append(
                {
                    "cell": type(cell).__name__,
                    "depth": depth,
                    "trees": len(inputs),
                    "us_per_node": round(1e6 * spent_s / num_nodes, 2),
                    "us_per_level": round(1e6 * spent_s / depth, 1),
                }
            )
            print(curve[-1], flush=True)
            depth = 2 * depth + 1
    return {
        "what": "depth",
        "nodes": args.nodes,
        "width": args.width,
        "threads": torch.get_num_threads(),
        "curve": curve,
    }


def passed(network: TreeNetwork, inputs: torch.Tensor) -> None:
    for parameter in network.parameters():
        parameter.grad = None
    network(inputs).value.square().mean().backward()


def branching(depth: int, num_trees: int) -> torch.Tensor:
    """Return binary trees in which every right child is a leaf: ``2 * depth + 1`` nodes each."""
    rows = np.zeros((2 * depth + 1, 4), np.int64)
    rows[:, 1], rows[:, 3] = 1, 1
    rows[0] = 2, 1, 0, 2
    for level in range(1, depth + 1):
        leaf, node = 2 * level - 1, 2 * level
        rows[leaf] = 1, 2, 0, 2 + level % 90
        rows[node] = 2 if level < depth else 0, 1, level, 1
    return torch.from_numpy(np.repeat(rows[None], num_trees, 0))


# --- scores ----------------------------------------------------------------------------------------------------------


def run_all(args: argparse.Namespace) -> None:
    for seed in map(int, args.seeds.split(",")):
        for name in args.work.split(","):
            for who in args.who.split(","):
                for one in WORKS[name].peers if who == "peers" else (who,):
                    keep(scored(name, one, args.budget, seed, args.set) | {"note": args.note})


def scored(name: str, who: str, budget: str, seed: int, settings: list[str]) -> dict[str, Any]:
    """Run one training in a process of its own and return what it reached on test, timed from outside."""
    work = WORKS[name]
    with tempfile.TemporaryDirectory() as folder:
        if who == "gnomon":
            command = [sys.executable, "-m", "gnomon", "train", work.data, "--budget", budget, "--seed", str(seed)]
            command += [*work.words, "--out", f"{folder}/run", "--json"]
            command += [word for setting in settings for word in ("--set", setting)]
        else:
            command = [sys.executable, str(HERE / "peers" / f"{who}.py"), "--data", str(flat(name))]
            command += ["--wall-s", str(seconds(budget)), "--seed", str(seed)]
        load = os.getloadavg()[0]
        started_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        elapsed_s = time.monotonic() - started_s
    if done.returncode:
        raise SystemExit(f"{who} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    record = {
        "what": "score",
        "work": name,
        "who": who,
        "budget": budget,
        "seed": seed,
        "accuracy": found["scores"]["test"][work.metric]["value"] if who == "gnomon" else found["accuracy"],
        "wall_s": round(elapsed_s if who == "gnomon" else found["trained_s"], 2),
        "steps": found["steps"],
        "settings": settings,
        "load_before": round(load, 2),
    }
    if who == "gnomon" and (best := found.get("best_baseline")):
        record["best_baseline"] = best
    return record


def flat(name: str) -> Path:
    """Return a JSON file with the texts and the classes of a work, for peers that see no trees."""
    path = Path(tempfile.gettempdir()) / f"gnomon-benchmark-{name}.json"
    folder = Path(os.environ["GNOMON_DATA"]) / WORKS[name].data
    parts = {}
    for split, sst_file, listops_file in (
        ("train", "train.txt", "train.tsv"),
        ("valid", "dev.txt", "val.tsv"),
        ("test", "test.txt", "test.tsv"),
    ):
        source = folder / (listops_file if name == "listops" else sst_file)
        lines = source.read_text(encoding="utf-8").splitlines()
        if name == "listops":
            pairs = [line.split("\t")[::-1] for line in lines[1:]]
        else:
            pairs = [(" ".join(re.findall(r" ([^\s()]+)\)", line)), line[1]) for line in lines if line]
        rows = [(text, int(label)) for text, label in pairs]
        if name == "sst-binary":
            rows = [(text, int(label > 2)) for text, label in rows if label != 2]
        parts[split] = {"inputs": [text for text, _ in rows], "targets": [label for _, label in rows]}
    path.write_text(json.dumps(parts))
    return path


def table() -> str:
    """Return the medians over seeds as a Markdown table."""
    records = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for record in (record for record in records if record["what"] == "score"):
        key = record["work"], record["budget"], record["who"], record["machine"]
        groups.setdefault(key, []).append(record)
    lines = [
        "| work | budget | who | seeds | median (all) | wall time, median | machine |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, budget, who, where), found in sorted(groups.items()):
        values = sorted(record["accuracy"] for record in found)
        each = ", ".join(f"{value:.2%}" for value in values)
        wall_s = statistics.median(record["wall_s"] for record in found)
        median = f"{statistics.median(values):.2%} ({each})"
        lines.append(f"| {name} | {budget} | {who} | {len(found)} | {median} | {wall_s:.1f} s | {where} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
