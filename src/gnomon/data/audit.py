"""What is wrong with the data, said before any time is spent on training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gnomon.core.errors import DataError, printable
from gnomon.core.spec import Dataset, Label, NodeLabels, Tags
from gnomon.data import balance, channels, continuing, counting, lengths, nouns, repeats, soundfindings, tableleaks
from gnomon.data.finding import MAX_IDS, MAX_NAMES, Finding


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The classes, their counts per split, and everything that was noticed."""

    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    """Samples of each label, or tokens of each tag, for each split; empty where there are no classes."""
    findings: tuple[Finding, ...]
    duplicates: Mapping[str, int] = field(default_factory=dict)
    """Samples that equal another: ``inside train``, ``test in train``; and contents under several labels."""

    def as_dict(self) -> dict[str, Any]:
        """Return the audit as plain values for ``data.json``."""
        return {
            "classes": list(self.classes),
            "counts": {name: list(counts) for name, counts in self.counts.items()},
            "duplicates": dict(self.duplicates),
            "findings": [{**asdict(finding), "ids": list(finding.ids)} for finding in self.findings],
        }

    def lines(self) -> list[str]:
        """Return one line for each finding, the gravest first, fit for a terminal."""
        ranked = sorted(self.findings, key=lambda finding: ("error", "warning", "info").index(finding.level))
        return [f"{finding.level}: {_shown(finding)}" for finding in ranked]

    def require_learnable(self) -> None:
        """Raise ``DataError`` with the first error found, if there is one."""
        for finding in self.findings:
            if finding.level == "error":
                raise DataError(finding.text, fix=finding.fix)


def audit(dataset: Dataset, *, needs_labels: bool = True) -> Audit:
    """Look at every sample's target and digest once, at the texts and the channels, and say what is wrong.

    Where no labels are needed, how they are spread is no matter.
    """
    target = dataset.spec.target
    counts = {name: counting.per_class(dataset.spec, part) for name, part in dataset.splits.items()}
    copies, repeated = repeats.find(dataset)
    grave, hard = balance.find(dataset.spec, counts) if needs_labels else ([], [])
    findings = [
        *_unreadable(dataset),
        *_repaired(dataset.facts),
        *grave,
        *continuing.find(dataset),
        *lengths.find(dataset),
        *channels.find(dataset),
        *(tableleaks.findings(dataset) if needs_labels else ()),
        *soundfindings.find(dataset),
        *repeated,
        *hard,
        *_looks(dataset.facts),
    ]
    return Audit(
        classes=target.classes if isinstance(target, Label | Tags | NodeLabels) else (),
        counts={name: tuple(found.tolist()) for name, found in counts.items()},
        findings=tuple(findings),
        duplicates=copies,
    )


def _unreadable(dataset: Dataset) -> Iterable[Finding]:
    num_bad = len(dataset.skipped)
    if not num_bad:
        return
    total = num_bad + sum(map(len, dataset.splits.values()))
    first = {entry.reason: printable(entry.id) for entry in reversed(dataset.skipped)}
    reasons = Counter(entry.reason for entry in dataset.skipped).most_common(MAX_NAMES)
    told = ", ".join(f"{reason} ({first[reason] if n == 1 else f'{n:,}, as {first[reason]}'})" for reason, n in reasons)
    yield Finding(
        level="warning",
        text=f"{num_bad:,} of {total:,} {nouns.of_samples(dataset.spec).many} could not be used: {told}",
        ids=tuple(entry.id for entry in dataset.skipped[:MAX_IDS]),
        fix="see skipped.jsonl",
    )


def _repaired(facts: Mapping[str, Any]) -> Iterable[Finding]:
    """Tell what the reader had to mend: gaps, times that come twice or out of order, values that were filled in."""
    for sentence in facts.get("repaired", ()):
        yield Finding(level="warning", text=str(sentence))


def _looks(facts: Mapping[str, Any]) -> Iterable[Finding]:
    """Tell what the reader counted, where it is not the same for all pictures."""
    if facts.get("num_sizes", 0) > 1:
        common = facts["sizes"][0]
        text = f"{facts['num_sizes']:,} sizes, most often {common['width_px']} × {common['height_px']} px"
        if sides := facts.get("short_side_px"):
            text += f"; short side {sides['min']} to {sides['max']} px, median {sides['median']}"
        yield Finding(level="info", text=text)
    modes = facts.get("modes", {})
    if len(modes) > 1:
        ranked = sorted(modes.items(), key=lambda entry: -entry[1])
        told = ", ".join(f"{name} ({n:,})" for name, n in ranked[:MAX_NAMES])
        yield Finding(level="info", text=f"{len(modes)} colour modes: {told}")
    if passed := facts.get("passed_over"):
        told = ", ".join(f"{what} ({n:,})" for what, n in passed.items())
        yield Finding(level="info", text=f"passed over: {told}")
    if num := facts.get("animated", 0):
        yield Finding(level="info", text=f"{num:,} animations or files of several pages: the first picture is used")
    if num := facts.get("turned", 0):
        yield Finding(level="info", text=f"{num:,} pictures were turned upright, as their EXIF orientation says")


def _shown(finding: Finding) -> str:
    ids = ", ".join(printable(name) for name in finding.ids[:3])
    more = ", …" if len(finding.ids) > 3 else ""
    return printable(finding.text) + (f" [{ids}{more}]" if ids else "")
