"""What lets strangers fit together: the kinds of data that readers give, tasks ask for and families accept.

A new kind of data adds its leaf here. Nothing in this file imports torch when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from gnomon.core.errors import ArtefactError

if TYPE_CHECKING:
    import torch


MAX_SIDE_PX = 8192
MAX_RATE_HZ = 768_000
QUANTILES = (0.1, 0.5, 0.9)
"""Shares of the true values that should be below the quantiles that a forecast gives beside its point."""
NO_SYMBOL = 1
"""What the features of a symbol are at a node of a tree that has none."""


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
class Trees:
    """Trees as they were read: a `gnomon.data.trees.Tree` a sample. Preparation makes a `Tree` of them."""

    ordered: bool = True
    """Whether the order of the children means something."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Trees, stored as int64 ``(batch, nodes, features)``, children before their parent, siblings in their order.

    The features of a node: 0, the distance to its parent in places, 0 at the root; 1, its place among its siblings,
    from 1; 2, its height above the leaves, 0 at a leaf; from 3 on the features of its symbol, of which the first names
    it. All features are 0 where there is no node, which is after the root. So the parent of node ``i`` is
    ``i + features[i, 0]``, and a node exists where feature 1 is not 0.
    """

    sizes: tuple[int, ...]
    """How many values each feature of a symbol has, 0 included."""
    nodes: int
    """Most nodes of a tree."""
    arity: int
    """Most children of a node in training; another tree may have more."""
    depth: int
    """Greatest height of a root in training; another tree may be higher."""
    ordered: bool = True
    """Whether the order of the children means something."""

    def __post_init__(self) -> None:
        sizes_fit = bool(self.sizes) and min(self.sizes) >= 1
        if not sizes_fit or self.nodes < 1 or self.arity < 0 or self.depth < 0:
            raise ValueError(f"trees of {self.nodes} nodes with symbols of {self.sizes} values")


@dataclass(frozen=True, kw_only=True)
class NodeLabels:
    """One of several classes for the nodes of a tree, stored as int64 ``(batch, nodes)``, -1 where none is known.

    The nodes are in the order of `Tree`: the root is the last one of its tree.
    """

    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class has its name twice")


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column of a table: what it holds, and why that was decided."""

    name: str
    type: Literal["number", "category", "date", "text", "identifier", "empty"]
    why: str = ""
    form: str = ""
    """How its numbers or dates are written where there are several ways: ``1,234.5``, ``1.234,5``, ``day`` …"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of a table as they were read: cells, which `gnomon.data.cells.Cells` holds, and what is in each column."""

    columns: tuple[TableColumn, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("a column has its name twice")


@dataclass(frozen=True, kw_only=True)
class Vector:
    """Rows made of numbers, stored as float32 ``(batch, features)``: first one value for each of ``names``, then a
    code for each of ``categories``.

    Values are centred at the median of the training rows with about unit spread, and NaN where they are missing.
    Codes are whole numbers: 0 where the cell is missing, 1 where its value is rare or was not seen in training.
    """

    names: tuple[str, ...]
    """The numbers."""
    categories: tuple[tuple[str, int], ...] = ()
    """The categories, each with how many codes it has, 0 and 1 included."""

    def __post_init__(self) -> None:
        if (not self.names and not self.categories) or any(size < 2 for _, size in self.categories):
            raise ValueError(f"rows of {len(self.names)} numbers and the categories {self.categories}")


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A column of numbers on a grid: the value at place ``p`` is ``low + p * step``, in training from 0 to
    ``places - 1``.

    Its density is a mixture of normal distributions, of the values that stand out, and of missing cells.
    """

    name: str
    low: float
    step: float
    places: int
    spikes: tuple[int, ...] = ()
    """Places of values that come far more often than their neighbours, rising."""
    means: tuple[float, ...] = ()
    """Means of the normal distributions, in places."""
    deviations: tuple[float, ...] = ()
    has_missing: bool = True
    """False where no cell was missing in training, so that none is in new rows."""

    def __post_init__(self) -> None:
        if not (self.step > 0 and self.places >= 1 and len(self.means) == len(self.deviations) >= 1):
            raise ValueError(f"a column of {self.places} places, {self.step:g} apart, with {len(self.means)} modes")
        if not all(deviation > 0 for deviation in self.deviations):
            raise ValueError("a normal distribution without a spread")


@dataclass(frozen=True, kw_only=True)
class MixedRow:
    """Rows of a table that are learned themselves, stored as float32 ``(batch, numbers + categories)``.

    Of a number its place on the grid, NaN where it is missing; it may lie outside. Of a category its code: 0 where the
    cell is missing, 1 where its value is rare or was not seen in training.
    """

    numbers: tuple[Quantity, ...]
    categories: tuple[tuple[str, int], ...] = ()
    """Names, each with how many codes it has, 0 and 1 included."""
    never: tuple[tuple[int, ...], ...] = ()
    """Of each category the codes that did not come in training, and so do not in new rows; empty where all may."""

    def __post_init__(self) -> None:
        if (not self.numbers and not self.categories) or any(size < 2 for _, size in self.categories):
            raise ValueError(f"rows of {len(self.numbers)} numbers and the categories {self.categories}")
        if self.never and len(self.never) != len(self.categories):
            raise ValueError(f"codes that never come of {len(self.never)} of {len(self.categories)} categories")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, as they are stored."""
        return (*(number.name for number in self.numbers), *(name for name, _ in self.categories))


@dataclass(frozen=True, kw_only=True)
class Audio:
    """Recordings as they were read: int16 ``(samples,)`` each, of any length, of which a `Waveform` is made."""

    rate_hz: int
    channels: int = 1

    def __post_init__(self) -> None:
        if not (1 <= self.rate_hz <= MAX_RATE_HZ and self.channels == 1):
            raise ValueError(f"recordings of {self.channels} channels at {self.rate_hz} Hz")


@dataclass(frozen=True, kw_only=True)
class Waveform:
    """Recordings of one length, stored as int16 ``(batch, samples)``; zeros follow the end of a shorter one."""

    rate_hz: int
    length: int
    """Samples of each recording."""

    def __post_init__(self) -> None:
        if not (1 <= self.rate_hz <= MAX_RATE_HZ and self.length >= 1):
            raise ValueError(f"recordings of {self.length} samples at {self.rate_hz} Hz")


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
    shares: tuple[float, ...] = ()
    """How often each class comes in training, where new samples are to have them as often; else each in turn."""

    @property
    def levels(self) -> int:
        """How many values a number of the input has."""
        return 2 if self.binarize != "off" else len(self.values) or 256


@dataclass(frozen=True, kw_only=True)
class Normality(Density):
    """How usual the input is: learned from what is normal, asked of what may not be."""

    normal: tuple[str, ...] = ()
    """The classes that were learned; a sample of any other class is an anomaly. Empty without classes."""


Leaf = (
    Image
    | Label
    | Text
    | Sequence
    | Tags
    | Series
    | Number
    | Trees
    | Tree
    | NodeLabels
    | Table
    | Vector
    | MixedRow
    | Audio
    | Waveform
    | Density
    | Normality
)
_KINDS: dict[str, type[Leaf]] = {kind.__name__: kind for kind in get_args(Leaf)}


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
    """The samples of one split. All have the same length.

    ``targets`` are class indices int64 ``(num_samples,)`` for a `Label`, a column of int64 arrays ``(time,)`` for
    `Tags`, ``inputs`` again where a text or a series is to be continued, and class indices, -1 where unknown, for a
    `Density`. ``ids`` name the samples for people (a path, ``file.parquet#17``); ``hashes`` are 16-byte digests of the
    decoded content, shape ``(num_samples,)`` dtype ``V16``, equal for equal content. ``groups``, where given, are
    numbers int64 ``(num_samples,)``, equal for samples that belong together and must not be on two sides of a split;
    ``times`` say in which order the samples came to be.
    """

    inputs: Column
    targets: Any
    ids: Column
    hashes: npt.NDArray[np.void]
    groups: npt.NDArray[np.int64] | None = None
    times: npt.NDArray[np.int64] | None = None

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
    """A reader's claim on a path. ``confidence`` in (0, 1]; the highest wins; ``why`` is printed.

    Where a task of ``suits`` is asked for, this claim goes before those of surer readers: most data can be seen in
    more than one way.
    """

    confidence: float
    why: str
    suits: tuple[str, ...] = ()


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
    ``members``, where a network is several in one, is what each of them says, shape ``(members, *value.shape)``:
    in training each is judged by itself.
    ``margins`` ``(batch, models, classes)`` are what linear models in a network say that learn by themselves, from
    the same targets.
    """

    value: torch.Tensor
    penalties: Mapping[str, torch.Tensor] = field(default_factory=dict)
    carry: torch.Tensor | None = None
    members: torch.Tensor | None = None
    margins: torch.Tensor | None = None


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
