"""Run folders on texts, tagged words, running text and series, as training leaves them, written by hand.

The small data is made here, and every score in ``evaluation.json`` that the report shows is computed from real
answers of simple models: naive Bayes, the usual tag of a word, counts of characters, the value of a day before.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from fake_run import _around, _bins, _wilson, _write, _write_lines

from gnomon.core.run import RunFolder
from gnomon.core.spec import Dataset, Label, Leaf, Series, Spec, Split, Tags, Text, spec_as_dict
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.outputs.examples import Examples, examples_of

SPLITS = ("train", "valid", "test")


class FakeSequenceRun:
    """One run folder on a dataset with the splits train, valid and test; ``finished=False`` leaves out its end."""

    task = ""
    family = "rnn"
    headline = ""
    first, last = 0.2, 0.9
    """The validation score at the beginning and at the end."""

    def __init__(self, parent: Path, dataset: Dataset, *, finished: bool = True) -> None:
        self.run = RunFolder(parent / f"2026-11-24_0930_{dataset.name}_{self.family}")
        self.run.path.mkdir(parents=True)
        self.dataset, self.finished = dataset, finished
        _write(self.run.env, {"gnomon": "0.2.0", "torch": "2.13.0", "processor": "Intel Xeon", "cores": 2})
        self._config()
        self._plan()
        _write(self.run.data, self._data())
        _write_lines(self.run.metrics, self._metrics())
        if finished:
            _write(self.run.evaluation, self._evaluation())

    @property
    def examples(self) -> Examples:
        """What the report may ask of the data."""
        return examples_of(self.dataset)

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the scores and the details of a split."""
        raise NotImplementedError

    def baselines(self, split: Split) -> list[dict[str, Any]]:
        """Return baselines with their scores."""
        raise NotImplementedError

    def _config(self) -> None:
        self.run.config.write_text(
            f'[run]\nbudget = "60s"\ntask = "{self.task}"\n[data]\npath = "{self.dataset.source}"\n'
            f'[family]\nname = "{self.family}"\nwidth = 192\n[chosen_by]\n"run.budget" = "user"\n'
            '"family.width" = "plan"\n'
        )

    def _plan(self) -> None:
        plan = {
            "event": "plan", "schema": 1, "family": self.family, "num_parameters": 812_300, "task": self.task,
            "batch_size": 64, "steps": 900, "precision": "fp32", "device": "cpu", "threads": 2,
            "phases": [{"from_progress": 0.0, "size": 0}], "unit": "", "law": "warm-up, then linear to zero",
            "budget": {"text": "60s", "kind": "time", "value": 60.0}, "budget_s": 60.0, "used_before_s": 4.1,
            "reserve_s": {"evaluate": 2.0, "report": 0.7}, "expected_finish_s": 59.4,
            "why": ["family rnn: the samples are sequences"],
        }  # fmt: skip
        finish = {
            "event": "finish",
            "step": 900,
            "elapsed_s": 59.1,
            "train_s": 52.0,
            "evaluate_s": 1.9,
            "report_s": 0.7,
        }
        _write_lines(self.run.plan, [plan, finish] if self.finished else [plan])

    def _data(self) -> dict[str, Any]:
        target = self.dataset.spec.target
        splits: dict[str, Any] = {}
        for name, split in self.dataset.splits.items():
            splits[name] = {"num_samples": len(split), "made_by": "gnomon"}
            if isinstance(target, Label):
                splits[name]["counts"] = np.bincount(split.targets, minlength=len(target.classes)).tolist()
            if isinstance(target, Text):
                splits[name] |= {"unit": "characters", "size": sum(len(text) for text in split.inputs[:])}
            if isinstance(target, Tags):
                splits[name]["counts"] = np.bincount(split.targets.values, minlength=len(target.classes)).tolist()
        return {
            "schema": 1, "name": self.dataset.name, "source": self.dataset.source, "reader": self.dataset.reader,
            "spec": spec_as_dict(self.dataset.spec), "splits": splits, "skipped": {"count": 0, "first": []},
            "guesses": [{"what": "Cut in order: 80 % train, 10 % valid, 10 % test.", "why": "its order matters",
                         "flag": "--split 0.8,0.1,0.1"}],
            "facts": {}, "audit": {"findings": []},
        }  # fmt: skip

    def _metrics(self) -> list[dict[str, Any]]:
        noise, lines = np.random.default_rng(1), []
        end = 900 if self.finished else 300
        for step in range(10, end + 1, 10):
            p = step / 900
            value = self.last + (self.first - self.last) * math.exp(-6 * p)
            at = {"step": step, "progress": p, "elapsed_s": 4 + 52 * p}
            loss = value if self.headline == "loss" else 0.2 + 1.5 * math.exp(-6 * p)
            loss, pace = loss * (1 + 0.02 * float(noise.standard_normal())), 1100 + 20 * float(noise.standard_normal())
            lines.append({**at, "split": "train", "loss": loss, "lr": 0.002 * (1 - p), "samples_per_s": pace})
            if step % 60 == 0:
                lines.append({**at, "split": "valid", self.headline: value * 1.01})
        return lines

    def _evaluation(self) -> dict[str, Any]:
        scores, details = {}, {}
        for name in ("valid", "test"):
            scores[name], details[name] = self.measured(self.dataset.splits[name])
        rivals = [{**rival, "split": "test"} for rival in self.baselines(self.dataset.splits["test"])]
        return {"schema": 1, "task": self.task, "headline": self.headline, "scores": scores, "baselines": rivals,
                "details": details}  # fmt: skip


class FakeTexts(FakeSequenceRun):
    """Texts with a label, told apart by naive Bayes on words."""

    task, headline = "classify", "accuracy"

    def __init__(self, parent: Path, dataset: Dataset | None = None, **options: Any) -> None:
        super().__init__(parent, dataset or questions(), **options)

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return accuracy, log-loss and calibration error, and the details of a classifier."""
        names = self.dataset.spec.target.classes
        logits = _naive_bayes(self.dataset.splits["train"], split, len(names))
        return classified(logits, split, names)

    def baselines(self, split: Split) -> list[dict[str, Any]]:
        """Return the majority class."""
        majority = np.bincount(self.dataset.splits["train"].targets).argmax()
        hits = int((split.targets == majority).sum())
        return [{"name": "majority class", "scores": {"accuracy": _wilson(hits, len(split))}}]


class FakeTags(FakeSequenceRun):
    """Tagged words, each with its usual tag."""

    task, headline = "tag_sequence", "token_accuracy"

    def __init__(self, parent: Path, dataset: Dataset | None = None, **options: Any) -> None:
        super().__init__(parent, dataset or tagged(), **options)

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return token and sentence accuracy, and the details of a tagger."""
        names, train = self.dataset.spec.target.classes, self.dataset.splits["train"]
        usual: dict[str, Counter[int]] = {}
        for words, tags in zip(train.inputs[:], train.targets[:], strict=True):
            for word, tag in zip(words, tags.tolist(), strict=True):
                usual.setdefault(word, Counter())[tag] += 1
        said = [[usual[w].most_common(1)[0][0] if w in usual else 0 for w in words] for words in split.inputs[:]]
        true = [tags.tolist() for tags in split.targets[:]]
        matrix = np.zeros((len(names), len(names)), int)
        np.add.at(matrix, (np.concatenate(true), np.concatenate(said).astype(int)), 1)
        wrong = np.array([sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(true, said, strict=True)])
        n, num = len(true), int(matrix.sum())
        worst = [
            {"index": int(i), "id": f"{self.dataset.name}#{i}", "loss": 1.0, "num_tokens": len(true[i]),
             "num_wrong": int(wrong[i]),
             "mistakes": [{"place": t, "true": names[a], "predicted": names[b]}
                          for t, (a, b) in enumerate(zip(true[i], said[i], strict=True)) if a != b]}
            for i in np.argsort(-wrong, kind="stable")[:24] if wrong[i]
        ]  # fmt: skip
        found = {**_matrix_details(matrix, names), "num_tokens": num, "worst": worst}
        accuracy = float(np.trace(matrix) / num)
        return {"token_accuracy": _around(accuracy, 0.01, n),
                "sentence_accuracy": _wilson(int((wrong == 0).sum()), n)}, found  # fmt: skip

    def baselines(self, split: Split) -> list[dict[str, Any]]:
        """Return the most frequent tag."""
        shares = np.bincount(split.targets.values) / len(split.targets.values)
        return [
            {"name": "most frequent tag", "scores": {"token_accuracy": _around(float(shares.max()), 0.02, len(split))}}
        ]


class FakeWriter(FakeSequenceRun):
    """A language model of characters: the counts of pairs."""

    task, headline = "predict_next", "loss"
    first, last = 3.2, 1.6

    def __init__(self, parent: Path, dataset: Dataset | None = None, *, samples: bool = True, **options: Any) -> None:
        self.samples = samples
        super().__init__(parent, dataset or book(), **options)

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return loss, perplexity and bits per character, and the loss along the text."""
        nats = _pairs(self.dataset.splits["train"].inputs[0], split.inputs[0])
        windows = np.array_split(nats, 40)
        loss, n = float(nats.mean()), len(windows)
        scores = {
            "loss": _around(loss, 0.03, n),
            "perplexity": {
                "value": math.exp(loss),
                "low": math.exp(loss - 0.03),
                "high": math.exp(loss + 0.03),
                "n": n,
            },
            "bits_per_character": _around(loss / math.log(2), 0.03 / math.log(2), n),
        }
        return scores, {"num_tokens": len(nats), "along": [float(part.mean()) for part in windows], "worst": []}

    def baselines(self, split: Split) -> list[dict[str, Any]]:
        """Return the frequencies of the characters."""
        counts = Counter(self.dataset.splits["train"].inputs[0])
        total = sum(counts.values()) + 256
        nats = -np.mean([math.log((counts[c] + 1) / total) for c in split.inputs[0]])
        return [{"name": "token frequencies", "scores": {"loss": _around(float(nats), 0.03, 40)}}]

    def _metrics(self) -> list[dict[str, Any]]:
        lines = super()._metrics()
        text = self.dataset.splits["train"].inputs[0]
        for place, step in enumerate(range(100, 901, 200) if self.samples else ()):
            made = "".join(np.random.default_rng(place).permutation(list(text[:300]))) if place < 2 else text[9:400]
            lines.append({"event": "sample", "step": step, "progress": step / 900, "prompt": "\n", "text": made})
        return lines


class FakeForecast(FakeSequenceRun):
    """Forecasts of a series: the value of a day before, drawn towards the mean."""

    task, headline = "forecast", "mse"
    first, last = 1.1, 0.4

    def __init__(self, parent: Path, dataset: Dataset | None = None, *, period: int = 24, horizon: int = 48,
                 **options: Any) -> None:  # fmt: skip
        self.period, self.horizon = period, horizon
        super().__init__(parent, dataset or weather(), **options)

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return errors and coverage, the drawn windows, and the errors by step and channel."""
        train, rows = np.asarray(self.dataset.splits["train"].inputs), np.asarray(split.inputs)
        mean, deviation, h = train.mean(0), train.std(0), self.horizon
        windows = [self._window(rows, start, mean) for start in range(2 * h, len(rows) - h, h)]
        truth, said, seasonal = (np.stack(parts) for parts in zip(*windows, strict=True))
        squared, naive = (((part - truth) / deviation) ** 2 for part in (said, seasonal))
        half = 1.28 * deviation * np.sqrt(squared.mean((0, 2)))[:, None]
        inside = np.abs(said - truth) <= half
        order = np.argsort(squared.mean((1, 2)))
        names, n = self.dataset.spec.input.names, len(windows)
        picked = (order[n // 2], order[n // 3], order[-1])
        drawn = [
            self._drawn(split, int(i), place % len(names), said[i], half, seasonal[i], squared[i])
            for place, i in enumerate(picked)
        ]
        scores = {
            "mse": _around(float(squared.mean()), 0.03, n),
            "mae": _around(float((np.abs(said - truth) / deviation).mean()), 0.02, n),
            "mase": _around(float(np.abs(said - truth).mean() / np.abs(seasonal - truth).mean()), 0.04, n),
            "coverage": _around(float(inside.mean()), 0.02, n),
        }
        return scores, {
            "drawn": drawn, "worst": [{"index": int(i)} for i in order[::-1]], "level": 0.8,
            "by_step": [{"step": s + 1, "mse": float(squared[:, s].mean()), "seasonal": float(naive[:, s].mean())}
                        for s in range(h)],
            "per_channel": [{"name": name, "mse": float(squared[:, :, c].mean()),
                             "mae_original": float(np.abs(said - truth)[:, :, c].mean()),
                             "coverage": float(inside[:, :, c].mean())} for c, name in enumerate(names)],
        }  # fmt: skip

    def baselines(self, split: Split) -> list[dict[str, Any]]:
        """Return the last season."""
        train, rows = np.asarray(self.dataset.splits["train"].inputs), np.asarray(split.inputs)
        h = self.horizon
        parts = [self._window(rows, start, train.mean(0)) for start in range(2 * h, len(rows) - h, h)]
        error = float(np.mean([(((naive - truth) / train.std(0)) ** 2).mean() for truth, _, naive in parts]))
        return [{"name": "last season", "scores": {"mse": _around(error, 0.05, len(parts))}}]

    def _window(self, rows: np.ndarray, start: int, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        season = rows[start - self.period : start]
        seasonal = np.concatenate([season] * -(-self.horizon // self.period))[: self.horizon]
        return rows[start : start + self.horizon], 0.8 * seasonal + 0.2 * mean, seasonal

    def _drawn(self, split: Split, index: int, channel: int, said: np.ndarray, half: np.ndarray,
               seasonal: np.ndarray, squared: np.ndarray) -> dict[str, Any]:  # fmt: skip
        h, rows = self.horizon, np.asarray(split.inputs)
        start = 2 * h + index * h
        times = [str(split.ids[i]) for i in range(start - 2 * h, start + h)]
        return {
            "id": times[2 * h], "times": times, "index": index, "channel": self.dataset.spec.input.names[channel],
            "past": rows[start - 2 * h : start, channel].tolist(), "truth": rows[start : start + h, channel].tolist(),
            "forecast": said[:, channel].tolist(), "low": (said - half)[:, channel].tolist(),
            "high": (said + half)[:, channel].tolist(), "seasonal": seasonal[:, channel].tolist(),
            "mse": float(squared.mean()),
        }  # fmt: skip


class FakeCurves(FakeTexts):
    """Labelled series, told apart by the nearest mean."""

    def __init__(self, parent: Path, dataset: Dataset | None = None, **options: Any) -> None:
        super().__init__(parent, dataset or waves(), **options)

    def measured(self, split: Split) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the scores and details of a classifier."""
        train, names = self.dataset.splits["train"], self.dataset.spec.target.classes
        seen, rows = np.asarray(train.inputs), np.asarray(split.inputs)
        means = np.stack([seen[train.targets == k].mean(0) for k in range(len(names))])
        return classified(-0.05 * ((rows[:, None] - means) ** 2).sum((2, 3)), split, names)


def dataset(name: str, spec: Spec, columns: Mapping[str, tuple[Any, Any]], ids: Callable[[int], str]) -> Dataset:
    """Return a dataset of the columns ``(inputs, targets)`` of its splits."""
    splits = {
        part: Split(inputs=inputs, targets=targets, ids=np.array([ids(i) for i in range(len(inputs))]),
                    hashes=digests(str(i).encode() for i in range(len(inputs))))
        for part, (inputs, targets) in columns.items()
    }  # fmt: skip
    return Dataset(name=name, source=name, reader="made", spec=spec, splits=splits, fingerprint="f")


def questions(classes: Sequence[str] = ("PLACE", "NUMBER", "PERSON"), odd: str = "") -> Dataset:
    """Return short questions of up to three classes; ``odd`` is put into some of them."""
    forms = ("Where is the {} {} ?", "How many {} {}s are there ?", "Who built the {} {} {} ?")
    things, looks = ("tower", "river", "bridge", "town", "road"), ("old", "long", "famous", "new", "small", "red")
    draws = np.random.default_rng(0)

    def part(num: int) -> tuple[Items, np.ndarray]:
        labels = draws.integers(0, len(classes), num)
        return Items([_question(forms[k % 3], draws, looks, things, odd) for k in labels]), labels

    spec = Spec(input=Text(), target=Label(classes=tuple(classes)))
    return dataset("questions", spec, {name: part(num) for name, num in zip(SPLITS, (240, 60, 80), strict=True)},
                   "questions.csv#{}".format)  # fmt: skip


def _question(form: str, draws: np.random.Generator, looks: Sequence[str], things: Sequence[str], odd: str) -> str:
    form = form if draws.random() < 0.8 else "What about the {} {} {} ?"
    text = form.format(draws.choice(looks), draws.choice(things), odd)
    return " ".join([text, "I wonder."] * int(draws.integers(1, 3)))


def tagged(
    words: Sequence[str] = ("the", "a", "old", "run", "dog", "barks", "sees", "light", "slowly"), num: int = 120
) -> Dataset:
    """Return sentences of words whose tags are mostly, but not always, those that the word usually has."""
    names: Leaf = Tags(classes=("DET", "ADJ", "NOUN", "VERB", "ADV"))
    usual, draws = (0, 0, 1, 3, 2, 3, 3, 2, 4), np.random.default_rng(0)

    def part(count: int) -> tuple[Items, Ragged]:
        picks = [draws.integers(0, len(words), draws.integers(4, 14)) for _ in range(count)]
        tags = [
            np.array([usual[w % 9] if draws.random() < 0.85 else int(draws.integers(0, 5)) for w in p]) for p in picks
        ]
        return Items([tuple(words[w] for w in p) for p in picks]), Ragged.of(tags, like=np.zeros(0, np.int64))

    return dataset("treebank", Spec(input=Text(words=True), target=names),
                   {name: part(n) for name, n in zip(SPLITS, (num, 30, 40), strict=True)},
                   "bank.conllu#{}".format)  # fmt: skip


def book(text: str = "") -> Dataset:
    """Return one text cut in order."""
    lines = [f"ROMEO:\nThe {a} {b} of {c}, {d}!\n" for a in ("old", "fair", "dark") for b in ("light", "night", "king")
             for c in ("Rome", "day", "love") for d in ("alas", "speak", "farewell", "again")]  # fmt: skip
    text = text or "\n".join(np.random.default_rng(0).permutation(lines))
    cuts = [0, int(0.8 * len(text)), int(0.9 * len(text)), len(text)]
    columns = {name: Items([text[a:b]]) for name, a, b in zip(SPLITS, cuts, cuts[1:], strict=False)}
    return dataset(
        "book", Spec(input=Text(), target=Text()), {k: (v, v) for k, v in columns.items()}, "book.txt#{}".format
    )


def weather(
    rows: np.ndarray | None = None, names: Sequence[str] = ("load", "heat"), times: Sequence[str] = ()
) -> Dataset:
    """Return an hourly series of two channels with a daily season, cut in order."""
    if rows is None:
        t, noise = np.arange(2400), np.random.default_rng(0)
        day = np.sin(2 * np.pi * t / 24)
        rows = np.stack([20 + 5 * day + t / 600, 3 - 2 * day], 1) + noise.standard_normal((2400, 2))
    times = times or [f"2026-{1 + t // 720:02d}-{1 + t % 720 // 24:02d} {t % 24:02d}:00" for t in range(len(rows))]
    cuts = [0, int(0.6 * len(rows)), int(0.8 * len(rows)), len(rows)]
    spec = Spec(input=Series(names=tuple(names), length=0), target=Series(names=tuple(names), length=0))
    splits = {}
    for name, a, b in zip(SPLITS, cuts, cuts[1:], strict=False):
        part = rows[a:b].astype(np.float32)
        splits[name] = Split(inputs=part, targets=part, ids=np.array(times[a:b]),
                             hashes=digests(str(i).encode() for i in range(a, b)))  # fmt: skip
    return Dataset(name="weather", source="weather.csv", reader="series", spec=spec, splits=splits, fingerprint="f")


def waves() -> Dataset:
    """Return labelled series of 60 steps: slow, fast and broken waves with noise."""
    draws, t = np.random.default_rng(0), np.linspace(0, 6.28, 60)

    def part(num: int) -> tuple[np.ndarray, np.ndarray]:
        labels = draws.integers(0, 3, num)
        shapes = np.stack([np.sin(t), np.sin(3 * t), np.sign(np.sin(t))])[labels]
        return (shapes + 1.2 * draws.standard_normal((num, 60)))[:, :, None].astype(np.float32), labels

    spec = Spec(input=Series(names=("x",), length=60), target=Label(classes=("slow", "fast", "broken")))
    return dataset(
        "waves", spec, {name: part(n) for name, n in zip(SPLITS, (90, 30, 60), strict=True)}, "waves.tsv#{}".format
    )


def classified(logits: np.ndarray, split: Split, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the scores and details of a classifier with these logits ``(samples, classes)``."""
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    said, sure, n, true = p.argmax(1), p.max(1), len(split), split.targets
    matrix = np.zeros((len(names), len(names)), int)
    np.add.at(matrix, (true, said), 1)
    bins = _bins(sure, said == true)
    ece = sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / n
    wrong = np.flatnonzero(said != true)
    worst = [
        {"index": int(i), "id": str(split.ids[i]), "true": names[true[i]], "predicted": names[said[i]],
         "confidence": float(sure[i]), "probability_of_true": float(p[i, true[i]])}
        for i in wrong[np.argsort(-sure[wrong], kind="stable")][:48]
    ]  # fmt: skip
    found = {**_matrix_details(matrix, names), "calibration": bins, "worst": worst}
    scores = {
        "accuracy": _wilson(int(np.trace(matrix)), n),
        "log_loss": _around(float(-np.log(np.maximum(1e-12, p[np.arange(n), true])).mean()), 0.05, n),
        "ece": _around(ece, 0.02, n),
        "f1": _around(float(np.mean([row["f1"] for row in found["per_class"]])), 0.02, n),
    }
    return scores, found


def _matrix_details(matrix: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    hits, support, answered = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    pairs = [(i, j) for i in range(len(names)) for j in range(len(names)) if i != j and matrix[i, j]]
    pairs.sort(key=lambda pair: -matrix[pair])
    return {
        "classes": list(names),
        "per_class": [
            {"name": names[k], "precision": float(hits[k] / max(1, answered[k])),
             "recall": float(hits[k] / max(1, support[k])),
             "f1": float(2 * hits[k] / max(1, answered[k] + support[k])), "support": int(support[k])}
            for k in range(len(names))
        ],
        "confusion": matrix.tolist(),
        "confused": [{"true": names[i], "predicted": names[j], "n": int(matrix[i, j])} for i, j in pairs[:10]],
    }  # fmt: skip


def _naive_bayes(train: Split, other: Split, num: int) -> np.ndarray:
    counts: list[Counter[str]] = [Counter() for _ in range(num)]
    for text, label in zip(train.inputs[:], train.targets, strict=True):
        counts[label].update(text.split())
    vocabulary = {word for found in counts for word in found}
    sizes = [sum(found.values()) + len(vocabulary) for found in counts]
    prior = np.log(np.bincount(train.targets, minlength=num) + 1)
    return np.array([
        [prior[k] + 0.5 * sum(math.log((counts[k][w] + 1) / sizes[k]) for w in text.split() if w in vocabulary)
         for k in range(num)]
        for text in other.inputs[:]
    ])  # fmt: skip


def _pairs(train: str, other: str) -> np.ndarray:
    pairs, firsts = Counter(pairwise(train)), Counter(train)
    return np.array([-math.log((pairs[a, b] + 0.5) / (firsts[a] + 128)) for a, b in pairwise(other)])


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a JSON file of a run in place."""
    value = json.loads(path.read_text())
    change(value)
    _write(path, value)
