"""Likelihood, bits per dimension and anomaly detection at equal wall time: Gnomon beside what people would use instead.

Gnomon's wall time is the whole of it, timed from outside. ``nll`` and ``bits`` are those of the test split, measured
anew after the run with 500 importance samples for ``--check`` evenly spread pictures of it; ``anomaly`` holds each
digit of MNIST out in turn. Models are not told the classes. The trivial models of the run stand beside: of anomalies,
principal components and an isolation forest. ``nll`` runs pythae's VAE and IWAE beside, for the same wall time and on
the same binarised test pictures, where ``--pythae`` (or ``GNOMON_PYTHAE``) names the Python of an environment that has
it; where there is none it says so. ``stability`` trains many seeds for some steps and counts numbers that are not
finite and latents that collapsed unsaid.

``adult`` makes a table as long as the training data of Adult, trains boosted trees on it, and measures them on the real
test rows: beside the same trees trained on the real rows, and on rows of a Gaussian copula. ``series`` learns etth1,
puts anomalies of four kinds into its test rows (`oddities.py`), asks about each row by ``gnomon predict``, and tells
the AUROC over rows, beside a robust z-score, the distance from the season before, and principal components and an
isolation forest of windows that are as long. ``parts`` draws whole and broken parts (`drawn_parts.py`), learns whole
ones, and tells the AUROC for each way to be broken.

python benchmarks/generative.py nll --budget 10m --seeds 0,1,2
python benchmarks/generative.py bits --budget 20m --seeds 0
python benchmarks/generative.py anomaly --budget 60s --seeds 0
python benchmarks/generative.py stability --seeds 0..19
python benchmarks/generative.py adult --budget 5m --seeds 0,1,2
python benchmarks/generative.py series --budget 2m --seeds 0,1,2
python benchmarks/generative.py parts --budget 3m --seeds 0,1,2
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records import keep, name_of, read, seconds

HERE = Path(__file__).parent
DIGITS = "0123456789"
LEAST_NATS = 0.5
"""Latents that carry less altogether are of no use."""


def main() -> None:
    args = parsed()
    if args.verb == "table":
        print(table())
        return
    if args.verb == "stability":
        keep("generative", stability(args.budget, numbers(args.seeds), args.set) | {"note": args.note})
        return
    for seed in numbers(args.seeds):
        other = OTHER_DATA.get(args.verb)
        for record in other(args.budget, seed, args.set) if other else drawn(args, seed):
            keep("generative", record | {"note": args.note})


def parsed() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    pictures = (("nll", "10m"), ("bits", "20m"), ("anomaly", "60s"))
    for name, budget in (*pictures, ("stability", "150steps"), ("adult", "5m"), ("series", "2m"), ("parts", "3m")):
        verb = verbs.add_parser(name)
        verb.add_argument("--budget", default=budget)
        verb.add_argument("--seeds", default="0")
        verb.add_argument("--set", action="append", default=[])
        verb.add_argument("--note", default="")
        if (name, budget) in pictures:
            verb.add_argument("--digits", default=DIGITS, help="of anomaly: which are held out in turn")
            verb.add_argument("--check", type=int, default=1000)
            verb.add_argument("--who", default="gnomon,VAE,IWAE", help="of nll: who is measured")
            verb.add_argument("--pythae", default=os.environ.get("GNOMON_PYTHAE", ""), help="a Python that has pythae")
    verbs.add_parser("table")
    return parser.parse_args()


def drawn(args: argparse.Namespace, seed: int) -> Iterator[dict[str, Any]]:
    """Yield what models of pictures reached: Gnomon's, the trivial ones beside it, and of ``nll`` those of pythae."""
    who = args.who.split(",")
    digits = args.digits if args.verb == "anomaly" else [""]
    for digit in digits if "gnomon" in who else []:
        settings = [*args.set, *of_task(args.verb, digit)]
        for record in measured(args.verb, args.budget, seed, settings, args.check):
            yield record | {"digit": digit}
    for peer in [one for one in who if one != "gnomon" and args.verb == "nll"]:
        if found := pythae(peer, args.pythae, args.budget, seed, args.check):
            yield found


def numbers(text: str) -> list[int]:
    """Return the numbers of ``0,3,5`` or of ``0..19``."""
    first, dots, last = text.partition("..")
    return list(range(int(first), int(last) + 1)) if dots else [int(part) for part in text.split(",")]


def of_task(verb: str, digit: str) -> list[str]:
    """Return the settings that make runs comparable with the literature."""
    if verb == "anomaly":
        return [f'density.anomalous=["{digit}"]']
    return ["density.condition=off"]


def measured(verb: str, budget: str, seed: int, settings: list[str], check: int) -> list[dict[str, Any]]:
    """Run one training in a process of its own and return what it, and the trivial models beside it, reached."""
    task = "anomaly" if verb in ("anomaly", "parts") else "generate"
    with tempfile.TemporaryDirectory() as folder:
        data = {"bits": "cifar10", "parts": f"{folder}/parts"}.get(verb, "mnist")
        if verb == "parts":
            import drawn_parts

            drawn_parts.write(Path(data), seed=seed)
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
        if verb == "parts":
            checked = {"each": told_apart(Path(folder, "run"), Path(data))}
    shared = {
        "what": verb,
        "budget": budget,
        "seed": seed,
        "settings": settings,
        "load_before": round(load, 2),
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
    shared = {"what": "series", "budget": budget, "seed": seed, "settings": settings}
    own = {"wall_s": round(wall_s, 2), "steps": trained["steps"]}
    return [
        {"who": who, "scores": {**each, "auroc": statistics.mean(each.values())}, **(own if who == "gnomon" else {})}
        | shared
        for who, each in found.items()
    ]


def of_parts(budget: str, seed: int, settings: list[str]) -> list[dict[str, Any]]:
    """Learn whole parts and return how well broken ones are told, beside the trivial models of the run."""
    return measured("parts", budget, seed, settings, 0)


def told_apart(run: Path, parts: Path) -> dict[str, float]:
    """Return for each way to be broken how well ``gnomon predict`` tells it from whole parts."""
    import numpy as np
    from drawn_parts import BROKEN

    def scores(name: str) -> list[float]:
        answers = told(["predict", str(run), str(parts / "test" / name)])["predictions"]
        return [float(one["score"]) for one in answers]

    whole = scores("good")
    odd = {how: scores(how) for how in BROKEN}
    return {
        how: area(np.array(whole + found), np.arange(len(whole + found)) >= len(whole)) for how, found in odd.items()
    }


def told(words: list[str]) -> dict[str, Any]:
    """Run ``gnomon`` in a process of its own and return what it tells as JSON."""
    found: dict[str, Any] = json.loads(called("-m", "gnomon", *words, "--json").splitlines()[-1])
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


def pythae(who: str, python: str, budget: str, seed: int, check: int) -> dict[str, Any] | None:
    """Return what pythae's model reached in the same wall time; None, with the reason printed, where it cannot run."""
    if not python:
        print(f"skipped {who}: no Python with pythae is named (--pythae, GNOMON_PYTHAE)", file=sys.stderr)
        return None
    tried = subprocess.run([python, "-c", "import pythae"], capture_output=True, text=True)
    if tried.returncode:
        reason = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"skipped {who}: {python} cannot import pythae: {reason}", file=sys.stderr)
        return None
    peer = [python, str(HERE / "peers" / "pythae_vae.py"), "--who", who, "--wall-s", str(seconds(budget))]
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder, "data.npz"), check)
        load = os.getloadavg()[0]
        done = subprocess.run(
            [*peer, "--data", f"{folder}/data.npz", "--seed", str(seed)], capture_output=True, text=True
        )
    if done.returncode:
        raise SystemExit(f"{who} of pythae failed with {done.returncode}:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        "who": f"pythae {who}",
        "scores": {"nll": found["nll"]},
        "nll_500": found["nll"],
        "checked": check,
        "wall_s": found["trained_s"],
        "steps": found["steps"],
        "what": "nll",
        "budget": budget,
        "seed": seed,
        "load_before": round(load, 2),
    }


def written(path: Path, check: int) -> None:
    """Write MNIST's training pictures and, binarised as Gnomon binarises them, those of its test split to measure."""
    import numpy as np
    import torch

    from gnomon.core.config import DataConfig
    from gnomon.core.events import silent
    from gnomon.data.opening import load_dataset
    from gnomon.layers.binarise import binarise

    data_dir = Path(os.environ["GNOMON_DATA"]) if "GNOMON_DATA" in os.environ else None
    splits = load_dataset(DataConfig(path="mnist"), seed=0, data_dir=data_dir, emit=silent).splits
    rows = np.unique(np.linspace(0, len(splits["test"]) - 1, check).astype(np.int64))
    test = binarise(torch.from_numpy(np.ascontiguousarray(splits["test"].inputs[rows])), "dynamic", anew=False)
    train = np.asarray(splits["train"].inputs)[..., 0]
    np.savez(path, train=train, test=test[:, 0].numpy().astype(np.uint8))


def stability(budget: str, seeds: list[int], settings: list[str]) -> dict[str, Any]:
    """Train MNIST with each seed and count what must not happen."""
    runs = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "gnomon", "train", "mnist", "--task", "generate", "--budget", budget]
            command += ["--seed", str(seed), "--out", f"{folder}/run", "--json"]
            command += [word for setting in settings for word in ("--set", setting)]
            done = subprocess.run(command, capture_output=True, text=True)
            runs.append(
                {
                    "seed": seed,
                    "exit": done.returncode,
                    **(looked_at(Path(folder, "run")) if not done.returncode else {}),
                }
            )
        print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    told = [run for run in runs if not run["exit"]]
    return {
        "what": "stability",
        "who": "gnomon",
        "budget": budget,
        "seed": len(seeds),
        "settings": settings,
        "diverged": len(runs) - len(told),
        "not_finite": sum(run["not_finite"] > 0 for run in told),
        "collapsed": sum(run["collapsed"] for run in told),
        "collapsed_unsaid": sum(run["collapsed"] and not run["said"] for run in told),
        "nll": [run["nll"] for run in told],
        "runs": runs,
    }


def looked_at(run: Path) -> dict[str, Any]:
    """Return what one run has to tell: batches that were not finite, latents that collapsed, and whether it says so."""
    evaluation = json.loads((run / "evaluation.json").read_text())
    details = evaluation["details"]["test"]
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines() if line.endswith("}")]
    nll = evaluation["scores"]["test"]["nll"]["value"]
    carried = sum(group["kl"] for group in details["groups"])
    return {
        "nll": nll,
        "kl": carried,
        "not_finite": sum("event" in record and "finite" in str(record.get("reason", "")) for record in records),
        "collapsed": carried < LEAST_NATS,
        "said": "collapsed" in (run / "report.html").read_text(),
    }


def synthetic(budget: str, seed: int, settings: list[str]) -> list[dict[str, Any]]:
    """Return the accuracies on Adult's test rows of trees trained on real rows, on made-up ones, and on a copula's."""
    data = Path(os.environ.get("GNOMON_DATA", ".")) / "tabular"
    train, test = data / "adult_train.csv", data / "adult_test.csv"
    count = sum(1 for _ in train.open()) - 1
    with tempfile.TemporaryDirectory() as folder:
        made, copied = Path(folder, "made.csv"), Path(folder, "copula.csv")
        command = ["train", str(train), "--task", "generate", "--target", "income", "--budget", budget]
        command += ["--seed", str(seed), "--out", f"{folder}/run"]
        command += [word for setting in settings for word in ("--set", setting)]
        started_s = time.monotonic()
        found = told(command)
        elapsed_s = time.monotonic() - started_s
        called("-m", "gnomon", "generate", f"{folder}/run", "--count", str(count), "--seed", str(seed), "-o", str(made))
        peer = str(HERE / "peers" / "synthetic.py")
        called(peer, "copula", str(train), "--out", str(copied), "--count", str(count), "--seed", str(seed))
        tables = {"real rows": train, "gnomon": made, "gaussian copula": copied}
        scored = {
            who: json.loads(called(peer, "score", str(table), str(test), "--target", "income", "--seed", str(seed)))
            for who, table in tables.items()
        }
    shared = {"what": "adult", "budget": budget, "seed": seed, "settings": settings}
    nll = {name: score["value"] for name, score in found["scores"]["test"].items()}
    real = scored["real rows"]["accuracy"]
    return [
        {
            "who": who,
            "scores": {"accuracy": one["accuracy"], "drop": real - one["accuracy"], **(nll if who == "gnomon" else {})},
            "wall_s": round(elapsed_s, 2) if who == "gnomon" else 0.0,
            "steps": found["steps"] if who == "gnomon" else 0,
        }
        | shared
        for who, one in scored.items()
    ]


def called(*words: str) -> str:
    """Run Python and return what it prints."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{words[:3]} failed with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout.strip()


OTHER_DATA = {"adult": synthetic, "series": of_series, "parts": of_parts}
"""What is measured of data that are neither MNIST nor CIFAR-10."""


def table() -> str:
    """Return the medians over seeds as a Markdown table; of anomalies, the mean over the digits of each seed."""
    records = read("generative", "what", "budget", "who", "digit")
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for record in [record for record in records if record["what"] != "stability"]:
        groups.setdefault((record["what"], record["budget"], name_of(record), record["machine"]), []).append(record)
    lines = ["| what | budget | who | runs | score, median over seeds (all) | wall time | machine |", "|" + "---|" * 7]
    for (what, budget, who, where), found in sorted(groups.items(), key=lambda g: (g[0][0], len(g[0][1]), g[0])):
        values = by_seed(what, found)
        each = ", ".join(f"{value:.3f}" for value in sorted(values))
        walls = [record["wall_s"] for record in found if "wall_s" in record]
        wall = f"{statistics.median(walls):.0f} s" if walls else "-"
        middle = statistics.median(values)
        lines.append(f"| {what} | {budget} | {who} | {len(found)} | {middle:.3f} ({each}) | {wall} | {where} |")
    return "\n".join(lines)


def by_seed(what: str, found: list[dict[str, Any]]) -> list[float]:
    """Return the score of each seed."""
    name, checked = {
        "nll": ("nll", "nll_500"),
        "bits": ("bits_per_dim", "bits_500"),
        "anomaly": ("auroc", ""),
        "adult": ("drop", ""),
        "series": ("auroc", ""),
        "parts": ("auroc", ""),
    }[what]
    scores: dict[int, list[float]] = {}
    for record in found:
        scores.setdefault(record["seed"], []).append(record.get(checked, record["scores"][name]))
    return [statistics.mean(values) for values in scores.values()]


if __name__ == "__main__":
    main()
