"""The headline of a run in plain words: the score, its interval, and what it is worth beside the baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gnomon.outputs.bars import Estimate, intervals
from gnomon.outputs.record import Record
from gnomon.outputs.subject import classes_of, kinds_of, leaf, things
from gnomon.outputs.wording import count, duration, large, metric, number, percent, plural, several, shown, tick

_HEADLINES = {
    "Label": "accuracy",
    "NodeLabels": "root_accuracy",
    "Tags": "token_accuracy",
    "Text": "loss",
    "Series": "mse",
    "Number": "rmse",
    "Density": "nll",
    "Normality": "nll",
}
"""What a run is watched by before it is measured, by the kind of its target."""

_NO_METRICS = frozenset({"step", "progress", "elapsed_s", "split"})


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What stands at the top of the report."""

    tone: str
    """``good``, ``unsure``, ``bad`` or ``open``."""
    badge: str
    sentences: list[str]
    name: str = ""
    label: str = ""
    """The metric's name as it stands in a sentence."""
    split: str = ""
    score: Mapping[str, float] = field(default_factory=dict)
    value: str = ""
    interval: str = ""
    direction: str = ""
    """``lower is better`` where it is, for people may not know."""
    measured_on: str = ""
    """From how many of what it was measured: ``360 samples``."""
    chart: str = ""


def judge(record: Record) -> Verdict:
    """Return the verdict on a run; on an unfinished one, what is known so far."""
    split = headline_split(record)
    name = headline(record)
    score = record.evaluation.get("scores", {}).get(split, {}).get(name)
    if score is None:
        return _open(record, name)
    beside = _baselines(record, name, split)
    tone, badge, comparison = _compare(score, beside, name)
    sentences = [
        _plain(record, name, split, score),
        comparison,
        *_cautions(record, split, score, name),
        _in_time(record),
    ]
    return Verdict(
        tone=tone,
        badge=badge,
        sentences=[text for text in sentences if text],
        name=name,
        label=metric(name).in_words,
        split=split,
        score=score,
        value=shown(name, score["value"], score["n"]),
        interval=f"{shown(name, score['low'], score['n'])} to {shown(name, score['high'], score['n'])}",
        direction="" if metric(name).higher_is_better else "lower is better",
        measured_on=plural(score["n"], _counted(record)),
        chart=_chart(score, beside, name),
    )


def headline_split(record: Record) -> str:
    """Return the split whose score is the headline: ``test`` where there is one, else ``valid``, else any."""
    scores = record.evaluation.get("scores", {})
    return next((split for split in ("test", "valid", *scores) if split in scores), "test")


def headline(record: Record) -> str:
    """Return the name of the metric that stands at the top; of an unfinished run, the one that it is watched by."""
    if "headline" in record.evaluation:
        return str(record.evaluation["headline"])
    seen = [name for line in record.valid[-1:] for name in line if name not in _NO_METRICS]
    first = _HEADLINES.get(kinds_of(record)[1], "accuracy")
    return first if first in seen or not seen else seen[0]


def token_word(record: Record) -> str:
    """Return what a language model predicts: ``byte``, ``character``, or ``token`` for what is neither."""
    name, factor = bits(record)
    one = math.isclose(factor * math.log(2), 1.0, rel_tol=0.02)  # separators of documents are tokens and no characters
    return name.removeprefix("bits_per_") if name and one else "token"


def bits(record: Record) -> tuple[str, float]:
    """Return the metric that tells a loss in bits, and by what a loss in nats a token is multiplied for it.

    Both were measured together on the same text; the name is empty where no score tells bits.
    """
    for scores in record.evaluation.get("scores", {}).values():
        loss = scores.get("loss", {}).get("value")
        for name in scores:
            if name.startswith("bits_per_") and loss:
                return name, float(scores[name]["value"] / loss)
    return "", 0.0


def _counted(record: Record) -> str:
    """Return what the samples behind a score are."""
    return {"Text": "window", "Series": "window", "Tags": "sentence"}.get(kinds_of(record)[1], "sample")


def _open(record: Record, name: str) -> Verdict:
    seen = [line[name] for line in record.valid if isinstance(line.get(name), float)]
    done = max((line.get("progress", 0.0) for line in (*record.train, *record.valid)), default=0.0)
    sentences = [
        f"This run is not finished: {percent(done)} of its steps are recorded and the model is not evaluated yet."
    ]
    if seen:
        sentences.append(f"The value above is its latest {metric(name).in_words} on the validation samples.")
    sentences.append(f"Go on with `gnomon resume {record.run.name}`; this page is written again when it ends.")
    return Verdict(
        tone="open",
        badge="Not finished",
        sentences=sentences,
        name=name,
        label=metric(name).in_words,
        split="valid",
        value=shown(name, seen[-1]) if seen else "–",
    )


def _baselines(record: Record, name: str, split: str) -> list[Estimate]:
    found = []
    for baseline in record.evaluation.get("baselines", []):
        score = baseline.get("scores", {}).get(name)
        if score and baseline.get("split", split) == split:
            found.append(Estimate(name=baseline["name"], value=score["value"], low=score["low"], high=score["high"]))
    return sorted(found, key=lambda row: row.value, reverse=metric(name).higher_is_better)


def _compare(score: Mapping[str, float], beside: list[Estimate], name: str) -> tuple[str, str, str]:
    if not beside:
        return "unsure", "No baseline", "There is no baseline to compare it with."
    best = beside[0]
    sign = 1 if metric(name).higher_is_better else -1
    ours = Estimate(name="", value=score["value"], low=score["low"], high=score["high"])
    low, high = sorted(sign * end for end in difference(ours, best))
    rival = f"the best baseline, {_named(best.name)}, which {_gets(name)} {shown(name, best.value, int(score['n']))}"
    if low > 0:
        lower = "" if sign > 0 or best.value <= 0 else f", and {percent(1 - ours.value / best.value)} below it"
        return "good", "Clearly better than the baselines", f"That is clearly better than {rival}{lower}."
    if high < 0:
        return "bad", "Worse than a baseline", f"That is worse than {rival}. Use the baseline, or give more time."
    if ours.value == best.value:
        return "unsure", "No better than a baseline", f"That is no better than {rival}."
    return (
        "unsure",
        "Not clearly better than a baseline",
        f"That may be no better than {rival}: on so few samples the difference could be chance.",
    )


def _named(baseline: str) -> str:
    """Return a baseline's name as it stands in a sentence.

    ``the majority class``, but ``token frequencies``, and ``guessing value by value``.
    """
    if baseline.startswith("from ") or " by " in baseline:
        return f"guessing {baseline}"
    many = baseline.endswith("s") and not baseline.endswith("ss")
    return baseline if many else f"the {baseline}"


def _gets(name: str) -> str:
    return "gets" if metric(name).higher_is_better else "stands at"


def difference(ours: Estimate, other: Estimate) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two measured values, from the interval of each.

    Source: Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17, 1998, method 10. Both were measured on the same samples, so the true interval is rather narrower.
    """
    gap = ours.value - other.value
    below = math.hypot(ours.value - ours.low, other.high - other.value)
    above = math.hypot(ours.high - ours.value, other.value - other.low)
    return gap - below, gap + above


def _plain(record: Record, name: str, split: str, score: Mapping[str, float]) -> str:
    n, value = int(score["n"]), float(score["value"])
    if name in ("accuracy", "root_accuracy"):
        right = round(value * n)
        return f"Of {plural(n, f'{split} {things(record)}')} it gets {right:,} right and {n - right:,} wrong."
    if name == "token_accuracy" and (num := _details(record, split).get("num_tokens")):
        right = round(value * num)
        return f"Of {plural(num, f'{split} word')} it tags {right:,} right and {num - right:,} wrong."
    if name == "loss":
        token = token_word(record)
        return (
            f"At each {token} it is as unsure as if it had to guess among {number(math.exp(min(value, 700.0)))} "
            f"equally likely ones: {shown(name, value)} nats a {token}."
        )
    if name == "rmse":
        r2 = record.evaluation["scores"][split].get("r2", {}).get("value")
        explained = f" It explains {percent(max(0.0, r2))} of the variance." if r2 is not None else ""
        unit = leaf(record, "target").get("name") or "its answers"
        off = f"On {plural(n, f'{split} {things(record)}')} it is off by {shown(name, value)} in {unit}"
        return f"{off}, as the root of the mean square.{explained}"
    if name == "mse":
        return (
            f"Over {plural(n, f'{split} window')} its forecasts are off by {number(math.sqrt(value))} standard "
            "deviations, as the root of the mean square."
        )
    if name == "auroc" and kinds_of(record)[1] == "Normality":
        return (
            f"Of a usual and a strange {things(record)} of the {split} split it finds the strange one "
            f"{shown(name, value, n)} of the time."
        )
    if name == "nll_per_value":
        return (
            f"A value of a {split} {things(record)} surprises it by {shown(name, value)} nats on average, in units of "
            "the deviation of its channel: the fewer, the better it knows what they look like; no noise at all would "
            "be below any number."
        )
    if name in ("nll", "bits_per_dim"):
        unit = "nats" if name == "nll" else "bits a number"
        how = f"It could press a {split} {things(record)} into {shown(name, value)} {unit} on average"
        return f"{how}: the fewer, the better it knows what they look like."
    thing = things(record) if _counted(record) == "sample" else _counted(record)
    return f"Its {metric(name).in_words} on {plural(n, f'{split} {thing}')} is {shown(name, value, n)}."


def _details(record: Record, split: str) -> Mapping[str, Any]:
    found = record.evaluation.get("details", {}).get(split, {})
    return found if isinstance(found, Mapping) else {}


def _cautions(record: Record, split: str, score: Mapping[str, float], name: str) -> list[str]:
    found = []
    if record.history.plan.get("steps") == 0:
        answers = "with the shares of the classes" if kinds_of(record)[1] == "Label" else "as it was first built"
        found.append(f"The budget was too small for a single step: the model answers {answers}.")
    if split == "valid":
        found.append(
            "There is no test split: this is the validation score, which training could see, so expect a little less."
        )
    if metric(name).form == "share" and score["high"] - score["low"] > 0.1:
        found.append(f"With so few samples ({score['n']:,}) the true value may lie far from the measured one.")
    return found


def _in_time(record: Record) -> str:
    budget_s, elapsed_s = record.budget_s, record.elapsed_s
    if not budget_s or elapsed_s is None:
        return ""
    if elapsed_s > budget_s * 1.02 + 0.5:
        return f"It took {duration(elapsed_s)}, which is {duration(elapsed_s - budget_s)} more than its budget."
    return f"It was finished after {duration(elapsed_s)} of the {duration(budget_s)} that it was given."


def _chart(score: Mapping[str, float], beside: list[Estimate], name: str) -> str:
    ours = Estimate(name="this model", value=score["value"], low=score["low"], high=score["high"], main=True)
    rows = [ours, *beside]
    top = 1.0 if metric(name).form == "share" else max(row.high for row in rows) * 1.1
    return intervals(
        rows,
        form=lambda value: shown(name, value, int(score["n"])),
        tick_form=lambda value: tick(name, value),
        low=0.0,
        high=top,
        title=f"{metric(name).label} with 95 % interval",
    )


def facts(record: Record) -> list[tuple[str, str, str]]:
    """Return the run in five figures: label, value, and a remark."""
    plan, env = record.history.plan, record.env
    budget = plan.get("budget", {})
    splits = record.data.get("splits", {})
    steps = record.history.finish.get("step", max((line["step"] for line in record.train), default=None))
    networks = plan.get("networks", 1)
    parameters = f"{large(plan.get('num_parameters'))} parameters"
    parameters = f"{networks} networks of {parameters} each" if networks > 1 else parameters
    return [
        ("Budget", budget.get("text", "–"), f"{duration(record.elapsed_s)} used" if record.elapsed_s else ""),
        ("Model", plan.get("family", "–"), parameters),
        ("Training data", *_data_words(record, splits.get("train", {}))),
        ("Steps", count(steps), f"batches of {count(plan.get('batch_size'))}"),
        ("Machine", plan.get("device", "–").upper() if plan else "–", _machine_words(plan, env)),
    ]


def _data_words(record: Record, train: Mapping[str, Any]) -> tuple[str, str]:
    """Return how much was trained on, and of what."""
    num, many = train.get("num_samples"), several(things(record))
    if train.get("unit") == "characters":
        return large(train.get("size")), f"characters in {plural(num or 0, things(record))}"
    classes, channels = classes_of(record), leaf(record, "input").get("names", ())
    if kinds_of(record)[0] == "Table":
        columns = plural(len(leaf(record, "input").get("columns", ())), "column")
        return count(num), f"{many} of {columns}" + (f", {len(classes):,} classes" if classes else "")
    if classes and leaf(record, "target").get("kind") == "Tags":
        return count(num), f"{many} with {len(classes):,} kinds of tags"
    if classes:
        return count(num), f"{many} of {len(classes):,} classes"
    return count(num), f"{many} of {plural(len(channels), 'channel')}" if channels else many


def _machine_words(plan: Mapping[str, Any], env: Mapping[str, Any]) -> str:
    threads = plan.get("threads") or env.get("threads")
    words = [plural(threads, "thread")] if threads else []
    return ", ".join([*words, plan["precision"]] if plan.get("precision") else words)
