"""What lets strangers fit together: the kinds of data that readers give, tasks ask for and families accept.

A new kind of data adds its leaf here. Nothing in this file imports torch when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from gnomon.core.errors import ArtefactError

if TYPE_CHECKING:
    import torch


MAX_SIDE_PX = 8192
QUANTILES = (0.1, 0.5, 0.9)
"""Shares of the true values that should be below the quantiles that a forecast gives beside its point."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """Pictures, stored as uint8 ``(batch, height, width, channels)``; channels is 1 (grey) or 3 (RGB)."""

    height_px: int
    width_px: int
    channels: int

    def __post_init__(self) -> None:
        if not (1 <= self.height_px <= MAX_SIDE_PX and 1 <= self.width_px <= MAX_SIDE_PX and self.channels in (1, 3)):
            raise ValueError(f"pictures of {self.height_px} x {self.width_px} pixels and {self.channels} channels")


@dataclass(frozen=True, kw_only=True)
class Label:
    """One of several classes, stored as an int64 index into ``classes``."""

    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class has its name twice")


@dataclass(frozen=True, kw_only=True)
class Text:
    """Texts as they were read: a ``str`` a sample, or a tuple of words. A tokenizer makes a `Sequence` of them."""

    words: bool = False
    """True where the data comes cut into words."""


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """Tokens, stored as int64 ``(batch, time, features)``.

    The first feature names the token; all features are 0 where there is none, which is after the end of a sample.
    """

    sizes: tuple[int, ...]
    """How many values each feature has, 0 included."""
    length: int
    """Most tokens of a sample; where the text is one long stream, the tokens of one window of it."""
    unit: Literal["byte", "character", "subword", "word"]
    """What a token is."""

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1 or self.length < 1:
            raise ValueError(f"sequences of {self.length} tokens with features of {self.sizes} values")


@dataclass(frozen=True, kw_only=True)
class Tags:
    """One of several classes for every token, stored as int64 ``(batch, time)``, -1 where there is no token."""

    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a tag has its name twice")


@dataclass(frozen=True, kw_only=True)
class Series:
    """Measurements at equal distances in time, in their own units, stored as float32 ``(batch, time, channels)``."""

    names: tuple[str, ...]
    """The channels."""
    length: int
    """Steps of a sample; 0 where the rows are not cut into windows yet."""
    period: int = 1
    """Steps after which the strongest season repeats; 1 where there is none."""
    mean: tuple[float, ...] = ()
    """Mean of each channel over the training rows; empty before it is measured."""
    deviation: tuple[float, ...] = ()
    """Standard deviation of each channel over the training rows."""
    naive_error: tuple[float, ...] = ()
    """Mean absolute error of answering with the value one period before, over the training rows, in the units."""

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) != len(self.names) or self.length < 0 or self.period < 1:
            raise ValueError(f"series of {self.length} steps with the channels {self.names}")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A measured number, in its own unit, stored as float64 ``(batch,)``."""

    name: str = ""
    mean: float = 0.0
    """Mean over the training samples; 0 before it is measured."""
    deviation: float = 1.0
    """Standard deviation over the training samples; 1 before it is measured and where all are equal."""

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError(f"numbers with a standard deviation of {self.deviation}")


@dataclass(frozen=True, kw_only=True)
class Density:
    """How probable the input itself is: what a model that can draw new samples learns.

    Stored with each sample is the index of its class, int64 ``(batch,)``, -1 where it is unknown. A network that is
    ``conditional`` is given it.
    """

    binarize: Literal["off", "dynamic", "static", "threshold"] = "off"
    """How pictures are made of two values: drawn anew at each look, drawn once, or cut at the middle."""
    values: tuple[int, ...] = ()
    """The grey values that occur, rising, where they are few; empty where all 256 may."""
    classes: tuple[str, ...] = ()
    """The classes of the samples where they are known."""
    conditional: bool = False
    """True where the model is told the class."""

    @property
    def levels(self) -> int:
        """How many values a number of the input has."""
        return 2 if self.binarize != "off" else len(self.values) or 256


@dataclass(frozen=True, kw_only=True)
class Normality(Density):
    """How usual the input is: learned from what is normal, asked of what may not be."""

    normal: tuple[str, ...] = ()
    """The classes that were learned; a sample of any other class is an anomaly. Empty without classes."""


Leaf = Image | Label | Text | Sequence | Tags | Series | Number | Density | Normality
_KINDS: dict[str, type[Leaf]] = {
    kind.__name__: kind for kind in (Image, Label, Text, Sequence, Tags, Series, Number, Density, Normality)
}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What one sample is: its input and its target."""

    input: Leaf
    target: Leaf


class Column(Protocol):
    """Random access to the samples of one split: ``column[indices]`` for an int64 array of indices."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Any, /) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A sample that could not be used, and why."""

    id: str
    reason: str
    split: str = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Something that Gnomon decided about the data, why, and the flag that overrides it."""

    what: str
    why: str
    flag: str


@dataclass(frozen=True, kw_only=True)
class Split:
    """The samples of one split. All four have the same length.

    ``targets`` are class indices int64 ``(num_samples,)`` for a `Label`, a column of int64 arrays ``(time,)`` for
    `Tags`, ``inputs`` again where a text or a series is to be continued, and class indices, -1 where unknown, for a
    `Density`. ``ids`` name the samples for people (a path, ``file.parquet#17``); ``hashes`` are 16-byte digests of the
    decoded content, shape ``(num_samples,)`` dtype ``V16``, equal for equal content.
    """

    inputs: Column
    targets: Any
    ids: Column
    hashes: npt.NDArray[np.void]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What a reader found. ``splits`` has the data's own splits (``train``, ``valid``, ``test``) or one called ``all``.

    ``facts`` are counts that the report shows (sizes, modes, bytes); ``source`` is the path that was read;
    ``fingerprint`` changes whenever the content does.
    """

    name: str
    source: str
    reader: str
    spec: Spec
    splits: Mapping[str, Split]
    fingerprint: str
    guesses: tuple[Guess, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Match:
    """A reader's claim on a path. ``confidence`` in (0, 1]; the highest wins; ``why`` is printed."""

    confidence: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some samples, ready for the network; ``ids`` are indices into the split, shape ``(batch,)``.

    ``fresh``, where given, tells which rows do not go on where the same rows of the batch before ended: bool
    ``(batch,)``. There the network starts from its initial state instead of the one that it carried over.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    ids: npt.NDArray[np.int64]
    fresh: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, count: int) -> Batch:
        """Return the first ``count`` samples."""
        fresh = None if self.fresh is None else self.fresh[:count]
        return Batch(inputs=self.inputs[:count], targets=self.targets[:count], ids=self.ids[:count], fresh=fresh)


@dataclass(frozen=True)
class Output:
    """What a network returns: ``value`` as the task asked for it, and ``penalties`` that are added to the loss.

    ``carry`` is the state from which the next batch goes on, shape ``(batch, …)``, where a network has one.
    """

    value: torch.Tensor
    penalties: Mapping[str, torch.Tensor] = field(default_factory=dict)
    carry: torch.Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Score:
    """A measured value with its 95 % interval and the number of samples behind it."""

    value: float
    low: float
    high: float
    n: int


def spec_as_dict(spec: Spec) -> dict[str, Any]:
    """Return a spec as JSON values, each leaf with its kind's name."""
    return {
        name: {"kind": type(leaf).__name__, **asdict(leaf)}
        for name, leaf in (("input", spec.input), ("target", spec.target))
    }


def spec_from_dict(values: Mapping[str, Any]) -> Spec:
    """Return what ``spec_as_dict`` was given. Raises ``ArtefactError`` for anything else."""
    return Spec(input=_leaf(values, "input"), target=_leaf(values, "target"))


def _leaf(values: Mapping[str, Any], name: str) -> Leaf:
    fields = values.get(name)
    kind = fields.get("kind") if isinstance(fields, Mapping) else None
    if kind not in _KINDS or not isinstance(fields, Mapping):
        raise ArtefactError(f"the {name} of kind {kind!r} is not known", fix=f"this version reads {', '.join(_KINDS)}")
    try:
        return msgspec.convert({k: v for k, v in fields.items() if k != "kind"}, _KINDS[kind])
    except msgspec.ValidationError as error:
        raise ArtefactError(f"the {name} is not described as it should be: {error}", fix="restore the file") from error
