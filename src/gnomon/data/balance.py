"""Whether the classes can be learned and measured: too few, too rare, or none. The same for labels and for tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnomon.core import intervals
from gnomon.core.spec import Label, NodeLabels, Spec, Tags
from gnomon.data import nouns
from gnomon.data.finding import Finding, listed
from gnomon.data.stratify import are_distinct, distinct_labels

Ints = npt.NDArray[np.int64]


MIN_MEASURABLE = 10
"""A class with fewer test samples than this is reported with the width of its interval."""
MIN_TEST = 100
MAX_IMBALANCE = 10
MIN_SHARE_TOLD = 0.5
"""A tag that more than this share of all tokens have is told."""
MIN_RARE = 20
"""Fewer labels than this that occur once are no sign of free text."""


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """What is counted: its classes, how many of each in each split, and the words for it."""

    classes: tuple[str, ...]
    counts: Mapping[str, Ints]
    one: str
    many: str
    kind: str
    """``label``, ``tag`` or ``node label``."""
    samples: str
    """What the samples are called that have the labels or tags."""
    score: str
    """The score that says how often the answer is right."""

    @property
    def train(self) -> Ints:
        """Samples or tokens of each class in train, or in all where there are no splits yet, ``(classes,)``."""
        nothing = np.zeros(len(self.classes), np.int64)
        return self.counts["train"] if "train" in self.counts else next(iter(self.counts.values()), nothing)

    @property
    def everywhere(self) -> Ints:
        """The same, over all splits."""
        return sum(self.counts.values(), np.zeros(len(self.classes), np.int64))


def find(spec: Spec, counts: Mapping[str, Ints]) -> tuple[list[Finding], list[Finding]]:
    """Return what forbids learning and what is missing, and then what makes learning or measuring hard.

    ``counts`` has for each split the samples of each label or the tokens of each tag, ``(classes,)``.
    """
    noun = nouns.of_samples(spec)
    if isinstance(spec.target, Label):
        words = {"one": noun.one, "many": noun.many, "kind": "label", "score": "accuracy"}
    elif isinstance(spec.target, Tags):
        words = {"one": "token", "many": "tokens", "kind": "tag", "score": "token accuracy"}
    elif isinstance(spec.target, NodeLabels):
        words = {"one": "node", "many": "nodes", "kind": "node label", "score": "node accuracy"}
    else:
        return [], []
    counted = _Counted(classes=spec.target.classes, counts=counts, samples=noun.many, **words)
    first = [*_nothing_to_learn(counted), *_distinct(counted), *_empty_classes(counted)]
    return first, [*_imbalance(counted), *_too_small(counted)]


def _nothing_to_learn(counted: _Counted) -> Iterable[Finding]:
    present = np.flatnonzero(counted.train)
    fix = f"give {counted.samples} of at least two classes, or another column with --target"
    if counted.kind != "label":
        fix = f"give {counted.samples} with at least two {counted.kind}s, or another column with --target"
    if not len(present):
        yield Finding(level="error", text=f"there is no {counted.one} to train on", fix=fix)
    elif len(present) == 1:
        name = counted.classes[present[0]]
        text = f"all training {counted.many} have the {counted.kind} {name!r}: there is nothing to learn"
        yield Finding(level="error", text=text, fix=fix)


def _distinct(counted: _Counted) -> Iterable[Finding]:
    """Tell where nearly every sample has a label of its own."""
    if counted.kind != "label" or not len(counted.classes):
        return
    if are_distinct(counted.everywhere):
        total = int(counted.everywhere.sum())
        error = distinct_labels(total, counted.many, counted.classes)
        yield Finding(level="error", text=error.what, fix=error.fix)
        return
    once, total = int((counted.train == 1).sum()), int(counted.train.sum())
    if once >= MIN_RARE and once > total / 2:
        text = (
            f"{once:,} of {total:,} training {counted.many} have a label that no other has: "
            "that looks like free text or an id, not like classes"
        )
        yield Finding(level="warning", text=text, fix="name another column with --target")


def _empty_classes(counted: _Counted) -> Iterable[Finding]:
    train, everywhere = counted.train, counted.everywhere
    if empty := [name for name, n in zip(counted.classes, everywhere, strict=True) if n == 0]:
        yield Finding(level="warning", text=f"no {counted.one} at all: {listed(empty)}")
    unseen = [name for name, here, n in zip(counted.classes, train, everywhere, strict=True) if here == 0 < n]
    if unseen:
        text = (
            f"no training {counted.one}, but {counted.many} in another split: {listed(unseen)}; they cannot be learned"
        )
        yield Finding(level="warning", text=text)


def _imbalance(counted: _Counted) -> Iterable[Finding]:
    train, classes = counted.train, counted.classes
    present = train[train > 0]
    if len(present) < 2:
        return
    most = int(train.argmax())
    share = train[most] / train.sum()
    if counted.kind != "label":
        # Tags are rarely balanced: only what one answer would already get is of use.
        if share > MIN_SHARE_TOLD:
            text = f"{share:.1%} of the training {counted.many} have the {counted.kind} {classes[most]!r}: "
            text += "so often it is the right answer"
            yield Finding(level="info", text=text)
        return
    if present.max() < MAX_IMBALANCE * present.min():
        return
    least = int(np.where(train > 0, train, train.max()).argmin())
    yield Finding(
        level="warning",
        text=f"{classes[most]!r} has {train[most]:,} training {counted.many}, "
        f"{classes[least]!r} has {train[least]:,}: "
        f"always answering {classes[most]!r} is right {share:.1%} of the time; look at f1",
    )


def _too_small(counted: _Counted) -> Iterable[Finding]:
    """Tell which classes, or whether the whole test split, are too small for a useful measurement."""
    name = next((name for name in ("test", "valid") if name in counted.counts), None)
    if name is None:
        return
    train, held, classes = counted.train, counted.counts[name], counted.classes
    unmeasured = [label for label, n, seen in zip(classes, held, train, strict=True) if n == 0 < seen]
    if unmeasured:
        yield Finding(level="warning", text=f"no {name} {counted.one}, so not measurable: {listed(unmeasured)}")
    few = [(int(n), label) for label, n in zip(classes, held, strict=True) if 0 < n < MIN_MEASURABLE]
    if few:
        least = min(few)[0]
        what = "tag" if counted.kind == "tag" else "class"
        yield Finding(
            level="warning",
            text=f"fewer than {MIN_MEASURABLE} {name} {counted.many}: {listed([label for _, label in few])}; "
            f"with {least} the recall of a {what} is known to ± {_half_width(least):.0%} only",
        )
    total = int(held.sum())
    if 0 < total < MIN_TEST:
        text = f"{name} has {total} {counted.many}: its {counted.score} is known to ± {_half_width(total):.0%} only"
        yield Finding(level="warning", text=text)


def _half_width(n: int) -> float:
    """Return half the width of the interval around a share of about one half."""
    low, high = intervals.wilson(n // 2, n)
    return (high - low) / 2
