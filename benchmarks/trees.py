"""Trees: the speed of a training step beside a network that walks node by node, its cost against depth, and scores.

    python benchmarks/trees.py speed --rounds 5
    python benchmarks/trees.py speed --device cuda --batch 256
    python benchmarks/trees.py depth
    python benchmarks/trees.py curve
    python benchmarks/trees.py run --work sst,sst-binary,listops --budget 10m --seeds 0,1,2
    python benchmarks/trees.py run --work python-ast --budget 2m --seeds 0,1,2
    python benchmarks/trees.py table

Both sides of ``speed`` are a binary Tree-LSTM of the same weights, which give the same loss, on the same batches of the
Stanford Sentiment Treebank, with the same optimizer; they take turns. On another device than the processor, our side
runs on the processor too. The node-by-node side computes the first 64 trees of a batch. ``depth`` times forward and
backward over left branching trees that have the same number of nodes together, from many flat ones to a few deep ones;
``curve`` draws what it found last. On a busy machine ``--clock processor`` counts the processor's seconds, not the
wall's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from records import keep, name_of, read, seconds

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
CURVE = HERE.parent / "docs" / "pictures" / "tree-depth.svg"
CLASSES, EMBEDDING = 5, 300
NODE_BY_NODE = 64
"""Trees of a batch that the node-by-node side computes at most: its time is in proportion to them."""
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}
CPU = torch.device("cpu")


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
    speed.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    depth = verbs.add_parser("depth")
    depth.add_argument("--nodes", type=int, default=16_384)
    depth.add_argument("--width", type=int, default=150)
    depth.add_argument("--threads", type=int, default=0)
    depth.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    verbs.add_parser("curve")
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
    elif args.verb == "curve":
        draw_curve()
    else:
        if args.threads:
            torch.set_num_threads(args.threads)
        keep("trees", measured_speed(args) if args.verb == "speed" else measured_depth(args))


# --- speed -----------------------------------------------------------------------------------------------------------


def measured_speed(args: argparse.Namespace) -> dict[str, Any]:
    trees, num_words = sentences()
    batches = [trees[i * args.batch : (i + 1) * args.batch] for i in range(args.rounds + 1)]
    ours = tree_lstm(num_words, args.width)
    theirs = NodeByNode(ours)
    by_node = batches[0][:NODE_BY_NODE]
    wanted = theirs(by_node)
    networks = {"ours": (ours.to(args.device), torch.device(args.device))}
    if args.device != "cpu":
        networks["ours_on_processor"] = (tree_lstm(num_words, args.width), CPU)
    differences = [
        abs((our_loss(network, *(part.to(device) for part in packed(by_node))).to(CPU) - wanted).item())
        for network, device in networks.values()
    ]
    assert max(differences) < 1e-4, f"the sides differ by {differences}"
    found: dict[str, list[float]] = {side: [] for side in (*networks, "theirs")}
    steps = {side: stepping(network) for side, (network, _) in networks.items()}
    their_step = stepping(theirs)
    for number, batch in enumerate(batches):
        for side, (network, device) in networks.items():
            inputs, labels = (part.to(device) for part in packed(batch))
            work = partial(steps[side], partial(our_loss, network, inputs, labels))
            spent_s = timed(work, device, args.clock)
            if number:  # the first one warms up
                found[side].append(len(batch) / spent_s)
        some = batch[:NODE_BY_NODE]
        spent_s = timed(partial(their_step, partial(theirs, some)), CPU, args.clock)
        if number:
            found["theirs"].append(len(some) / spent_s)
    return {
        "what": "speed",
        "width": args.width,
        "batch": args.batch,
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if args.device.startswith("cuda") else args.device,
        "clock": args.clock,
        "rounds": args.rounds,
        "trees_per_s": {side: round(statistics.median(values), 1) for side, values in found.items()},
        **{
            name: {"median": round(statistics.median(ratios), 2), "range": [round(ratios[0], 2), round(ratios[-1], 2)]}
            for name, ratios in (
                (f"ratio_to_{side}", sorted(a / b for a, b in zip(found["ours"], found[side], strict=True)))
                for side in found
                if side != "ours"
            )
        },
        "loss_difference": max(differences),
        "load_before": round(os.getloadavg()[0], 2),
    }


def tree_lstm(num_words: int, width: int) -> TreeNetwork:
    """Return a binary Tree-LSTM that labels every node; always the same one."""
    torch.manual_seed(0)
    return TreeNetwork(
        Tree(sizes=(num_words,), nodes=120, arity=2, depth=30),
        Head(width, CLASSES),
        PlaceLstm(EMBEDDING, width, 2),
        embedding=EMBEDDING,
        every_node=True,
    )


def our_loss(network: TreeNetwork, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(network(inputs).value.flatten(0, 1), labels.flatten(), ignore_index=-1)


def stepping(network: torch.nn.Module) -> Callable[[Callable[[], torch.Tensor]], None]:
    optimizer = torch.optim.Adagrad(network.parameters(), lr=0.05)

    def step(loss: Callable[[], torch.Tensor]) -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def timed(work: Callable[[], None], device: torch.device, clock: str) -> float:
    """Return the seconds that some work takes, by a clock; a GPU is waited for before and after."""
    now_s = CLOCKS[clock]
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started_s = now_s()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return now_s() - started_s


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
            spent_s = min(timed(partial(passed, network, inputs), CPU, args.clock) for _ in range(3))
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
        "clock": args.clock,
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


WIDE, HIGH, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 70, 40, 34, 56
COLOURS = {"FoldCell": "#c2410c", "PlaceLstm": "#57534e"}
NAMES = {"FoldCell": "gated cell, our default", "PlaceLstm": "binary Tree-LSTM"}


def draw_curve() -> None:
    """Draw the newest depth curve as SVG: microseconds a node over the depth, both on scales of powers."""
    records = read("trees")
    record = [one for one in records if one["what"] == "depth"][-1]
    depths = sorted({point["depth"] for point in record["curve"]})
    costs = [point["us_per_node"] for point in record["curve"]]
    low, high = 10 ** math.floor(math.log10(min(costs))), 10 ** math.ceil(math.log10(max(costs)))

    def at(depth: float, cost: float) -> tuple[float, float]:
        across = math.log(depth / depths[0]) / math.log(depths[-1] / depths[0])
        up = math.log(cost / low) / math.log(high / low)
        return round(LEFT + across * (WIDE - LEFT - RIGHT), 1), round(HIGH - BOTTOM - up * (HIGH - TOP - BOTTOM), 1)

    parts = []
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        _, y = at(depths[0], 10**power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y}" y2="{y}" stroke="#d6d3d1"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{10**power:g} µs</text>')
    for depth in depths:
        parts.append(f'<text x="{at(depth, low)[0]}" y="{HIGH - BOTTOM + 18}" text-anchor="middle">{depth:,}</text>')
    for number, (cell, colour) in enumerate(COLOURS.items()):
        points = [at(one["depth"], one["us_per_node"]) for one in record["curve"] if one["cell"] == cell]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{LEFT + 8 + 230 * number}" y="22" fill="{colour}">{NAMES[cell]}</text>')
    about = f"depth of trees that have {record['nodes']:,} nodes together (width {record['width']})"
    parts.append(f'<text x="{(LEFT + WIDE - RIGHT) / 2}" y="{HIGH - 12}" text-anchor="middle">{about}</text>')
    CURVE.parent.mkdir(exist_ok=True)
    CURVE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" font-family="system-ui, sans-serif" '
        f'font-size="13" fill="#44403c"><rect width="{WIDE}" height="{HIGH}" fill="#fafaf9"/>{"".join(parts)}</svg>\n'
    )
    print(f"{CURVE}: what was measured on {record['when']}, {record['machine']}")


# --- scores ----------------------------------------------------------------------------------------------------------


def run_all(args: argparse.Namespace) -> None:
    for seed in map(int, args.seeds.split(",")):
        for name in args.work.split(","):
            for who in args.who.split(","):
                for one in WORKS[name].peers if who == "peers" else (who,):
                    keep("trees", scored(name, one, args.budget, seed, args.set) | {"note": args.note})


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
    if who == "gnomon" and (best := found.get("baseline")):
        record["baseline"] = {"name": best["name"], "accuracy": best["scores"][work.metric]["value"]}
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
    """Return the medians over seeds as a Markdown table; the best baseline of Gnomon's runs has rows of its own."""
    records = [record for record in read("trees", "what", "work", "budget", "who") if record["what"] == "score"]
    records += [
        record | {"who": record["baseline"]["name"], "accuracy": record["baseline"]["accuracy"], "wall_s": None}
        for record in records
        if "baseline" in record
    ]
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for record in records:
        key = record["work"], record["budget"], name_of(record), record["machine"]
        groups.setdefault(key, []).append(record)
    lines = [
        "| work | budget | who | seeds | median (all) | wall time, median | machine |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, budget, who, where), found in sorted(groups.items()):
        values = sorted(record["accuracy"] for record in found)
        each = ", ".join(f"{value:.2%}" for value in values)
        walls = [record["wall_s"] for record in found if record["wall_s"] is not None]
        wall = f"{statistics.median(walls):.1f} s" if walls else "in Gnomon's"
        median = f"{statistics.median(values):.2%} ({each})"
        lines.append(f"| {name} | {budget} | {who} | {len(found)} | {median} | {wall} | {where} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
