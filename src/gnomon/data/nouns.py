"""What a sample of some data is called, so that messages speak of texts where there are texts."""

from __future__ import annotations

from dataclasses import dataclass

from gnomon.core.spec import Audio, Series, Spec, Table, Tags, Text, Trees, Vector, Waveform


@dataclass(frozen=True)
class Noun:
    """A word for a sample: of one, and of many."""

    one: str
    many: str


def of_samples(spec: Spec) -> Noun:
    """Return the word for a sample of data with this spec; ``sample`` where there is no better one."""
    if isinstance(spec.target, Tags):
        return Noun("sentence", "sentences")
    if isinstance(spec.target, Text):
        return Noun("document", "documents")
    if isinstance(spec.target, Series):
        return Noun("row", "rows")
    if isinstance(spec.input, Text):
        return Noun("text", "texts")
    if isinstance(spec.input, Series):
        return Noun("series", "series")
    if isinstance(spec.input, Trees):
        return Noun("tree", "trees")
    if isinstance(spec.input, Table | Vector):
        return Noun("row", "rows")
    if isinstance(spec.input, Audio | Waveform):
        return Noun("recording", "recordings")
    return Noun("sample", "samples")
