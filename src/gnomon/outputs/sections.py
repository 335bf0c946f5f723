"""What each section of the report says, as plain values for its template."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gnomon.outputs.bars import Piece, time_bar
from gnomon.outputs.charts import Axes, Line, curve, reliability
from gnomon.outputs.record import Record
from gnomon.outputs.subject import kinds_of, leaf
from gnomon.outputs.verdict import headline_split
from gnomon.outputs.wording import count, duration, memory, metric, number, percent, plural, shown

Context = dict[str, Any]

FEW_REFITS = 6
"""Up to so many re-fits are told and marked one by one."""

_FULL_CLASSES = 20
_SPLITS = ("train", "valid", "test")


def budget(record: Record) -> Context:
    """Plan against actual: the two time bars, the table beside them, and the re-fits."""
    plan, finish = record.history.plan, record.history.finish
    if not plan:
        return {}
    planned, actual = _planned(plan), _actual(plan, finish, record)
    budget_s = record.budget_s
    full_s = max([sum(p.seconds for p in planned), sum(p.seconds for p in actual), budget_s or 0.0, 1e-9])
    names = [piece.name for piece in planned or actual]
    by_name = [{piece.name: piece.seconds for piece in bar} for bar in (planned, actual)]
    return {
        "budget": plan.get("budget", {}).get("text", "–"),
        "budget_s": budget_s,
        "planned_bar": time_bar(planned, full_s=full_s, budget_s=budget_s, title="Planned") if planned else "",
        "actual_bar": time_bar(actual, full_s=full_s, budget_s=budget_s, title="Used") if actual else "",
        "rows": [(name, by_name[0].get(name), by_name[1].get(name)) for name in names],
        "totals": (sum(by_name[0].values()) if planned else None, record.elapsed_s),
        "roles": {piece.name: piece.role for piece in (*planned, *actual)},
        "steps": (plan.get("steps"), finish.get("step")),
        "refits": [_refit(index, refit, plan, record) for index, refit in enumerate(record.history.refits, 1)],
        "few_refits": len(record.history.refits) <= FEW_REFITS,
        "refit_chart": _refit_chart(plan, record),
        "resumes": record.history.resumes,
        "why": [str(line) for line in plan.get("why", [])],
        "law": plan.get("law", ""),
        "full_s": full_s,
        "limit": min(100.0, 100 * budget_s / full_s) if budget_s else None,
    }


def _planned(plan: Mapping[str, Any]) -> list[Piece]:
    total_s = plan.get("expected_finish_s") or plan.get("budget_s")
    if not total_s:
        return []
    reserve = plan.get("reserve_s", {})
    start_s = float(plan.get("used_before_s", 0.0))
    evaluate_s, report_s = float(reserve.get("evaluate", 0.0)), float(reserve.get("report", 0.0))
    return _pieces(start_s, total_s - start_s - evaluate_s - report_s, evaluate_s, report_s)


def _actual(plan: Mapping[str, Any], finish: Mapping[str, Any], record: Record) -> list[Piece]:
    if record.elapsed_s is None:
        return []
    start_s = float(plan.get("used_before_s", 0.0))
    evaluate_s, report_s = float(finish.get("evaluate_s") or 0.0), float(finish.get("report_s") or 0.0)
    train_s = finish.get("train_s")
    if train_s is None or record.history.resumes:  # train_s is that of the last sitting alone
        train_s = record.elapsed_s - start_s - evaluate_s - report_s
    elif finish.get("reported"):
        report_s = record.elapsed_s - start_s - train_s - evaluate_s
    else:
        start_s = record.elapsed_s - train_s - evaluate_s - report_s
    pieces = _pieces(start_s, float(train_s), evaluate_s, report_s)
    return [piece for piece in pieces if piece.seconds or piece.name in ("start-up", "training")]


def _pieces(start_s: float, train_s: float, evaluate_s: float, report_s: float) -> list[Piece]:
    names = ("start-up", "training", "evaluation", "report")
    seconds = (start_s, train_s, evaluate_s, report_s)
    return [Piece(name=n, seconds=max(0.0, s), role=n) for n, s in zip(names, seconds, strict=True)]


def _refit_chart(plan: Mapping[str, Any], record: Record) -> str:
    """Draw the planned number of steps over time, where there are too many re-fits to tell one by one."""
    start_s, refits = float(plan.get("used_before_s", 0.0)), record.history.refits
    if len(refits) <= FEW_REFITS:
        return ""
    end_s = max(record.elapsed_s or 0.0, float(refits[-1]["elapsed_s"]))
    xs = [start_s, *(float(refit["elapsed_s"]) for refit in refits), end_s]
    ys = [plan["steps"], *(refit["steps"] for refit in refits), refits[-1]["steps"]]
    axes = Axes(x_low=start_s, x_high=end_s, x_form=duration)
    line = Line(label="steps in all", xs=xs, ys=ys, stairs=True)
    return curve([line], axes, title="Planned number of steps", form=count, height_px=170, y_limits=(0.0, None))


def _refit(index: int, refit: Mapping[str, Any], plan: Mapping[str, Any], record: Record) -> Context:
    before = record.history.refits[index - 2] if index > 1 else plan
    total_s = plan.get("budget_s") or record.elapsed_s or 0.0
    return {
        "index": index,
        "at_step": refit.get("at_step"),
        "elapsed_s": refit.get("elapsed_s"),
        "before": refit.get("was", before.get("steps")),
        "after": refit.get("steps"),
        "reason": refit.get("reason", ""),
        "place": min(100.0, 100 * refit.get("elapsed_s", 0.0) / total_s) if total_s else None,
    }


def data(record: Record) -> Context:
    """The data at a glance, without its pictures: splits, counts per class, findings, guesses, what was skipped."""
    found = record.data
    if not found:
        return {}
    classes = [str(name) for name in found.get("spec", {}).get("target", {}).get("classes", [])]
    splits = {name: found["splits"][name] for name in (*_SPLITS, *found.get("splits", {})) if name in found["splits"]}
    rows = []
    for index, name in enumerate(classes):
        counts = [_counts(split, len(classes))[index] for split in splits.values()]
        rows.append({"name": name, "counts": counts, "total": sum(counts)})
    if not any(split.get("counts") for split in splits.values()):
        rows = []
    skipped = found.get("skipped", {})
    return {
        "name": found.get("name", "–"),
        "source": found.get("source", "–"),
        "reader": found.get("reader", "–"),
        "shape": shape(record),
        "of": {"Tags": "Words with each tag", "NodeLabels": "Nodes of each class"}.get(
            leaf(record, "target").get("kind", ""), "Samples in each class"
        ),
        "class_word": "tag" if leaf(record, "target").get("kind") == "Tags" else "class",
        "splits": [
            {"name": name, **extent(split), "made_by": split.get("made_by", "data")} for name, split in splits.items()
        ],
        "classes": classes,
        "rows": rows,
        "most": max((row["total"] for row in rows), default=1) or 1,
        "findings": _findings(found),
        "guesses": found.get("guesses", []),
        "num_skipped": max(int(skipped.get("count", 0)), len(record.skipped)),
        "skipped": (record.skipped or skipped.get("first", []))[:200],
        "facts": {key: value for key, value in found.get("facts", {}).items() if not isinstance(value, dict | list)},
    }


def _counts(split: Mapping[str, Any], num_classes: int) -> Sequence[int]:
    return split.get("counts") or [0] * num_classes


def extent(split: Mapping[str, Any]) -> Context:
    """Return how much a split holds: its characters where it is running text, else its samples."""
    if split.get("unit") == "characters":
        return {"n": split.get("size"), "unit": "characters"}
    return {"n": split.get("num_samples"), "unit": ""}


def shape(record: Record) -> str:
    """Return what one sample is, in a few words: ``8 × 8 px, grey``, ``a text with a label``, ``7 channels``."""
    found, kinds = leaf(record, "input"), kinds_of(record)
    if kinds[0] == "Image":
        colour = "grey" if found.get("channels") == 1 else "colour"
        return f"{found.get('width_px')} × {found.get('height_px')} px, {colour}"
    if kinds[0] == "Series":
        channels = plural(len(found.get("names", ())), "channel")
        return f"{found['length']:,} steps of {channels}" if found.get("length") else channels
    if kinds[0] == "Trees":
        return {"Label": "trees with a label", "NodeLabels": "trees, each node with a label"}.get(kinds[1], "trees")
    if kinds[0] == "Table":
        return f"rows of {plural(len(found.get('columns', ())), 'column')}"
    if kinds[0] == "Audio":
        return f"recordings at {found.get('rate_hz', 0):,} Hz"
    words = {"Label": "texts with a label", "Tags": "sentences with tags", "Text": "running text"}
    return words.get(kinds[1], kinds[0] or "–")


def _findings(found: Mapping[str, Any]) -> list[Context]:
    rank = {"error": 0, "warning": 1, "info": 2}
    findings = [dict(finding) for finding in found.get("audit", {}).get("findings", [])]
    return sorted(findings, key=lambda finding: rank.get(finding.get("level", "info"), 2))


def scores(record: Record) -> Context:
    """All metrics of all splits with their intervals, the baselines' beside them."""
    found = record.evaluation.get("scores", {})
    if not found:
        return {}
    splits = [name for name in ("test", "valid", "train") if name in found]
    splits += [name for name in found if name not in splits]
    names = list(dict.fromkeys(name for split in splits for name in found[split]))
    baselines = record.evaluation.get("baselines", [])
    rows = [
        {
            "metric": metric(name, kinds_of(record)[1]),
            "cells": [cell(name, found[split].get(name)) for split in splits],
            "baselines": [cell(name, baseline.get("scores", {}).get(name)) for baseline in baselines],
        }
        for name in names
    ]
    return {
        "splits": splits,
        "baselines": [f"{baseline['name']}, {baseline.get('split', 'test')}" for baseline in baselines],
        "rows": rows,
        "headline": record.evaluation.get("headline"),
        "note": _bound(details(record).get("bound", {})),
    }


def _bound(told: Mapping[str, Any]) -> str:
    """Return in a sentence how a likelihood was bounded; nothing where none was."""
    if not told:
        return ""
    error = told.get("mc_error")
    noise = f" Drawing others would change it by about {number(error)} nats (standard error)." if error else ""
    return f"NLL here is {told['text']}: an upper bound.{noise}"


def cell(name: str, score: Mapping[str, float] | None) -> Context | None:
    """Return a score and its interval as they are shown; None where there is none."""
    if score is None:
        return None
    n = int(score["n"])
    return {
        "value": shown(name, score["value"], n),
        "low": shown(name, score["low"], n),
        "high": shown(name, score["high"], n),
        "n": n,
    }


def details(record: Record) -> Mapping[str, Any]:
    """Return the details of the evaluation on the headline's split, or of any split that has them."""
    found = record.evaluation.get("details", {})
    return found.get(headline_split(record)) or next(iter(found.values()), {})


def classes(record: Record) -> Context:
    """Precision, recall and F1 of each class, the weakest first."""
    rows = details(record).get("per_class", [])
    if not rows:
        return {}
    return {"rows": _weakest_first(rows), "spans": _weakest_first(details(record).get("spans", []))}


def _weakest_first(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: row["f1"] if _real(row["f1"]) else -1.0)


def confusion(record: Record) -> Context:
    """The confusion matrix up to twenty classes, and the most confused pairs for any number."""
    found = details(record)
    matrix = found.get("confusion", [])
    names = [str(name) for name in found.get("classes", [])]
    if not matrix:
        return {}
    wrong = max((n for i, row in enumerate(matrix) for j, n in enumerate(row) if i != j), default=0)
    pairs = sorted(found.get("confused", []), key=lambda pair: -pair["n"])
    rows = []
    if len(names) <= _FULL_CLASSES:
        rows = [
            {
                "name": names[i],
                "total": sum(row),
                "cells": [_heat(i, j, n, sum(row), wrong, names) for j, n in enumerate(row)],
            }
            for i, row in enumerate(matrix)
        ]
    num_wrong = sum(n for i, row in enumerate(matrix) for j, n in enumerate(row) if i != j)
    return {
        "names": names,
        "rows": rows,
        "pairs": pairs,
        "most": pairs[0]["n"] if pairs else 1,
        "num_wrong": num_wrong,
        "support": {name: sum(row) for name, row in zip(names, matrix, strict=True)},
    }


def _heat(i: int, j: int, n: int, total: int, wrong: int, names: Sequence[str]) -> Context:
    """One cell. Right answers are shaded by recall, wrong ones by their number against the worst cell."""
    weight = (n / total if total else 0.0) if i == j else ((n / wrong) ** 0.75 if wrong else 0.0)
    share = percent(n / total) if total else "none"
    return {
        "n": n,
        "right": i == j,
        "weight": round(weight, 3),
        "text": f"{names[i]} taken for {names[j]}: {n:,} ({share})" if i != j else f"{names[i]} right: {n:,} ({share})",
    }


def calibration(record: Record) -> Context:
    """The reliability diagram, and what it means in one sentence."""
    bins = details(record).get("calibration", [])
    if not any(b["n"] for b in bins):
        return {}
    total = sum(b["n"] for b in bins)
    stated = sum(b["n"] * b["confidence"] for b in bins if b["n"]) / total
    right = sum(b["n"] * b["accuracy"] for b in bins if b["n"]) / total
    gap = stated - right
    lean = (
        "as often as it claims"
        if abs(gap) < 0.01
        else "less often than it claims"
        if gap > 0
        else "more often than it claims"
    )
    ece = record.evaluation.get("scores", {}).get(headline_split(record), {}).get("ece")
    return {
        "chart": reliability(bins),
        "bins": [b for b in bins if b["n"]],
        "most": max(b["n"] for b in bins),
        "sentence": f"On average it states a confidence of {percent(stated)} "
        f"and is right {percent(right)} of the time: {lean}.",
        "ece": cell("ece", ece),
    }


def health(record: Record) -> Context:
    """What went wrong while training and what was done about it."""
    rows = []
    for line in record.health:
        ids = line.get("ids", [])
        rows.append(
            {
                "step": line.get("step"),
                "event": str(line.get("event", "")).replace("_", " "),
                "reason": line.get("reason", ""),
                "ids": ids[:20],
                "more": max(0, len(ids) - 20),
            }
        )
    rows += [_rollback(line) for line in record.history.rollbacks]
    return {"rows": sorted(rows, key=lambda row: row["step"] or 0)}


def _rollback(line: Mapping[str, Any]) -> Context:
    factor = line.get("lr_factor")
    lower = f", learning rates at {percent(factor)} from there" if isinstance(factor, float) else ""
    return {
        "step": line.get("from_step"),
        "event": f"went back to the checkpoint of step {count(line.get('at_step'))}{lower}",
        "reason": line.get("reason", ""),
        "ids": [],
        "more": 0,
    }


def settings(record: Record) -> Context:
    """All settings under their sections, each with who chose it."""
    groups: dict[str, list[Context]] = {}
    for choice in record.settings:
        section, _, name = choice.key.rpartition(".")
        groups.setdefault(section or "run", []).append(
            {"key": choice.key, "name": name, "value": _value(choice.value), "who": choice.who}
        )
    who = sorted({choice.who for choice in record.settings})
    return {"groups": groups, "who": who, "num": len(record.settings)}


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_value(v) for v in value)
    return str(value)


def environment(record: Record) -> Context:
    """Versions, hardware and the command, flat; a value that stands there twice is shown once."""
    rows: dict[str, str] = {}
    for key, value in record.env.items():
        if key == "argv":
            rows["command"] = shlex.join(["gnomon", *(str(word) for word in value[1:])])
        elif isinstance(value, Mapping):
            inside = "" if key == "versions" else f"{key} "
            rows |= {f"{inside}{name}".replace("_", " "): _measured(inner) for name, inner in value.items()}
        elif value is not None:
            rows.setdefault(key.replace("_gib", " (GiB)").replace("_", " "), _measured(value))
    if peak := record.history.finish.get("peak_memory_bytes"):
        rows["peak memory"] = memory(peak)
    return {"rows": list(rows.items())} if rows else {}


def _coded(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = str(text).split("`")
    return Markup("").join(Markup("<code>{}</code>" if i % 2 else "{}").format(part) for i, part in enumerate(parts))


def _measured(value: Any) -> str:
    return number(value) if isinstance(value, float) and math.isfinite(value) else _value(value)


_FLAGS = {
    **{f"run.{name}": f"--{name}" for name in ("task", "family", "seed")},
    **{f"data.{name}": f"--{name}" for name in ("target", "valid", "test", "split", "group", "time")},
    "data.label_from": "--label-from",
    "data.max_bad": "--max-bad",
    "series.horizon": "--horizon",
}
"""Settings that have a flag of their own."""


def _typed(value: Any) -> str:
    """Return a value as it is typed behind ``--set``."""
    return json.dumps(value) if isinstance(value, list) else _value(value)


def _asked(record: Record) -> str:
    """Return the flags with which the user asked for the run, but for the data and the budget."""
    told = [
        f" {_FLAGS[choice.key]} {shlex.quote(str(choice.value))}"
        if choice.key in _FLAGS
        else f" --set {shlex.quote(f'{choice.key}={_typed(choice.value)}')}"
        for choice in record.settings
        if choice.who == "user" and choice.key not in ("data.path", "run.budget")
    ]
    return "".join(told)


def usage(record: Record) -> Context:
    """The commands and the Python lines that use this very run."""
    path = _near(record.run.path)
    quoted = shlex.quote(path)
    chosen = {choice.key: str(choice.value) for choice in record.settings}
    source = shlex.quote(chosen.get("data.path", record.data.get("source", "DATA")))
    if record.finished:
        going_on = (
            "Train anew with more time",
            f"gnomon train {source}{_asked(record)} --budget {longer(record.budget_s)}",
        )
    else:
        going_on = ("Finish it", f"gnomon resume {quoted}")
    return {
        "commands": [
            _using(quoted, *kinds_of(record)),
            ("Measure it on other data", f"gnomon evaluate {quoted} DATA"),
            going_on,
            ("Write this page again", f"gnomon report {quoted}"),
        ],
        "python": f"import gnomon\n\nrun = gnomon.load_run({path!r})\n" + _python(kinds_of(record)),
        "path": path,
    }


def _using(quoted: str, given: str, target: str) -> tuple[str, str]:
    """Return what is done with a model first, by the kind of its target."""
    uses = {
        "Text": ("Let it write", f'gnomon generate {quoted} --prompt "…" --length 400'),
        "Series": ("Continue a series", f"gnomon predict {quoted} FILE -o forecast.csv"),
        "NodeLabels": ("Label new trees", f"gnomon predict {quoted} FILES… -o nodes.csv"),
        "Density": ("Draw new pictures", f"gnomon generate {quoted} --count 64 -o samples.png"),
        "Normality": ("Find what is strange", f"gnomon predict {quoted} FILES… -o scores.csv"),
        "Tags": ("Tag new sentences", f"gnomon predict {quoted} FILES… -o tags.csv"),
    }
    if given == "Table" and target == "Density":
        return ("Make new rows", f"gnomon generate {quoted} --count 1000 -o synthetic.csv")
    if given == "Table" and target == "Normality":
        return ("Find what is strange", f"gnomon predict {quoted} TABLE.csv -o scores.csv")
    if given == "Series" and target == "Density":
        return ("Draw new stretches", f"gnomon generate {quoted} --count 16 -o synthetic.csv")
    if given == "Table":
        return ("Add its answers to a table", f"gnomon predict {quoted} TABLE.csv -o answers.csv")
    return uses.get(target, ("Predict new files", f"gnomon predict {quoted} FILES… -o predictions.csv"))


def _python(kinds: tuple[str, str]) -> str:
    if kinds[1] == "Text":
        return "run.evaluate()"
    if kinds == ("Table", "Density"):
        return "table = run.synthesise(1000)   # an Arrow table: .to_pandas() makes a frame of it\nrun.evaluate()"
    if kinds == ("Series", "Density"):
        return "series = run.draw(16)   # float32 (16, time, channels), in the units of the data\nrun.evaluate()"
    if kinds == ("Series", "Normality"):
        return 'run.predict(["new.csv"])   # score, p-value and the strangest channel of each row\nrun.evaluate()'
    if kinds[1] == "Density":
        return "pictures = run.draw(64)   # uint8 (64, height, width, channels)\nrun.evaluate()"
    if kinds[1] == "Normality":
        name = "new.csv" if kinds[0] == "Table" else "new.png"
        return f'run.predict(["{name}"])   # score, p-value and whether it is taken for an anomaly\nrun.evaluate()'
    lines = {
        "Image": 'run.predict(["picture.png"])   # label, confidence and the first five answers',
        "Text": 'run.predict(["new.csv"])   # one row for each text',
        "Series": 'run.predict(["new.csv"])   # one row for each series',
        "Trees": 'run.predict(["new.txt"])   # one row for each tree',
        "Table": 'run.predict(["new.csv"])   # one row for each row; a pandas or polars table does too',
        "Audio": 'run.predict(["new.wav"])   # label, confidence and the first five answers',
    }
    return f"{lines.get(kinds[0], lines['Image'])}\nrun.evaluate()"


def longer(budget_s: float | None) -> str:
    """Return four times a budget as it is typed: ``48s``, ``20m``, ``2h``; ``5m`` where it was not a time."""
    if not budget_s:
        return "5m"
    seconds = 4 * budget_s
    if seconds < 120:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 7200 else f"{seconds / 3600:.0f}h"


def _near(path: Path) -> str:
    """Return the path as it is typed from here, where it lies below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return str(path)


def _wording(word: Callable[[float], str]) -> Callable[[Any], str]:
    return lambda value: word(value) if isinstance(value, int | float) and math.isfinite(value) else "–"


FILTERS = {
    "pct": _wording(percent),
    "dur": _wording(duration),
    "num": _wording(number),
    "count": _wording(count),
    "coded": _coded,
}
"""How templates word numbers; what is no number is a dash."""


def _real(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
