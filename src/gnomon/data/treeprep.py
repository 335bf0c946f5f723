"""From trees to numbers: their shape, and the symbols of their nodes. What is fitted is fitted on training trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnomon.core import config as configs
from gnomon.core.config import Auto
from gnomon.core.errors import ArtefactError, StoppedError, UsageError
from gnomon.core.events import Emit, Worked, silent
from gnomon.core.spec import Column, Dataset, Guess, Label, NodeLabels, Number, Spec, Split, Trees
from gnomon.core.spec import Tree as Leaf
from gnomon.data import symbols, treeorder, trees
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.ragged import Ragged
from gnomon.data.symbols import Symbols
from gnomon.data.trees import Tree
from gnomon.data.words import MAX_VOCABULARY

SCHEMA = 1
KIND = "Tree"
MAX_NODES = 4096
"""Nodes of a tree that are read at most, where nobody wished more and nodes have no labels."""
FORM = "form"
"""The key under which ``Dataset.facts`` tells in what form the trees were read."""
FORMS = ("labels", "bare", "prefix", "json", "code", "operators", "text")
"""Brackets with a label at each node, brackets without, expressions, JSON, Python source, functions whose operators are
hidden, and texts, of which balanced trees are made."""
WHOLE = frozenset({"code", "operators"})
"""Forms of which a part of a tree is nothing that a model could be asked about: it is no file and no function."""
SHAPE = 3
"""Features of a node before those of its symbol."""

Ints = npt.NDArray[np.int64]
_EVERY = 1000


@dataclass(frozen=True, kw_only=True)
class TreeConfig:
    """How trees become numbers."""

    nodes: int | Auto = "auto"
    """Most nodes of a tree, the others, those farthest from the root, are cut off; ``auto``: no tree whose nodes have
    labels is cut, others at 4,096 nodes."""
    vocabulary: int | Auto = "auto"
    """How many different symbols have a number of their own; ``auto``: those seen twice, or all where nodes have
    labels."""
    lowercase: bool | Auto = "auto"
    """Take capital and small letters for the same; ``auto``: yes where only leaves have symbols, as in sentences."""
    ordered: bool | Auto = "auto"
    """Whether the order of children means something; ``auto``: as the reader says, unless the labels of many trees that
    differ in nothing else say that it does not."""


class Nodes:
    """Features of nodes ``(total, features)``, the symbol of each kept as a number: a row of ``table``."""

    def __init__(self, shape: npt.NDArray[np.int32], codes: npt.NDArray[np.int32], table: symbols.Codes) -> None:
        self._shape = shape
        self._codes = codes
        self._table = table
        self.shape = (len(codes), SHAPE + table.shape[1])
        self.dtype = np.dtype(np.int64)

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, key: Any) -> Ints:
        """Return the nodes at an int, a slice or an int array, the features last; or one feature of these."""
        if isinstance(key, tuple):
            rows, feature = key
            if feature < SHAPE:
                return self._shape[rows, feature].astype(np.int64)
            return self._table[self._codes[rows], feature - SHAPE].astype(np.int64)
        return np.concatenate([self._shape[key], self._table[self._codes[key]]], axis=-1).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """Turns trees into what the network takes, just as at training."""

    symbols: Symbols
    limit: int
    """Most nodes of a tree; larger ones are cut."""
    nodes: int
    """Nodes of the largest tree that was seen."""
    arity: int
    depth: int
    ordered: bool
    form: str
    """In what form trees were read, one of ``FORMS``: so they are asked about."""

    def spec_input(self) -> Leaf:
        """Return the leaf that describes the trees."""
        return Leaf(
            sizes=self.symbols.sizes, nodes=self.nodes, arity=self.arity, depth=self.depth, ordered=self.ordered
        )

    def encode(self, tree: Tree) -> Ints:
        """Return the nodes of one tree, shape ``(nodes, features)``; a large one is cut."""
        return np.asarray(self.column([tree])[0], np.int64)

    def column(self, found: Iterable[Tree]) -> Ragged:
        """Return trees as a column of nodes ``(nodes, features)``, cut to the limit."""
        return self.features(gathered(trees.cut(tree, self.limit)[0] for tree in found))

    def features(self, flat: Flat) -> Ragged:
        """Return trees whose nodes lie one after the other as a column of nodes ``(nodes, features)``."""
        parents = flat.parents
        own = np.arange(len(parents))
        shape = np.stack(
            [np.where(parents < 0, 0, parents - own), trees.places(parents), trees.heights(parents)], axis=1
        )
        values = Nodes(shape.astype(np.int32), flat.codes, self.symbols.features(flat.distinct))
        return Ragged(values, flat.offsets)  # type: ignore[arg-type]  # it behaves as an array does

    def as_dict(self) -> dict[str, Any]:
        """Return the preparation as JSON values."""
        return {
            "kind": KIND,
            "schema": SCHEMA,
            "limit": self.limit,
            "nodes": self.nodes,
            "arity": self.arity,
            "depth": self.depth,
            "ordered": self.ordered,
            "form": self.form,
            "symbols": self.symbols.as_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class Flat:
    """Trees whose nodes lie one after the other: ``parents (total,)`` are places there; symbols are numbers."""

    parents: Ints
    codes: npt.NDArray[np.int32]
    offsets: Ints
    distinct: Sequence[str]


def prepare(
    dataset: Dataset,
    config: TreeConfig,
    known: Mapping[str, Any] | None = None,
    *,
    emit: Emit = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Dataset, dict[str, Any]]:
    """Return a dataset of trees as numbers, and the preparation that ``encoder`` understands.

    ``known`` is the preparation of an earlier call, used as it is. Raises ``UsageError`` for settings that do not suit,
    ``StoppedError`` where a signal asked to stop.
    """
    _check(config, dataset.spec)
    made = None if known is None else encoder(known)
    limit = _limit(dataset, config) if made is None else made.limit
    flats, targets, num_cut = {}, {}, {}
    for name, part in dataset.splits.items():
        flats[name], targets[name], num_cut[name] = _flattened(part, limit, _Telling(name, emit, should_stop))
    guesses: list[Guess] = []
    if made is None:
        order, told = _order(dataset, config, flats["train"], targets["train"])
        made = replace(_fitted(dataset, config, flats["train"], limit), ordered=order)
        guesses = [*_guesses(made, config, num_cut["train"], len(dataset.splits["train"])), *told]
    most = max(int(np.diff(flat.offsets).max(initial=1)) for flat in flats.values())
    made = replace(made, nodes=max(made.nodes, most))
    splits = {}
    for name, part in dataset.splits.items():
        inputs, wanted = made.features(flats[name]), targets[name]
        is_of_nodes = isinstance(wanted, Ragged)
        splits[name] = replace(part, inputs=inputs, targets=NodeColumn(wanted, inputs) if is_of_nodes else wanted)
    facts = {name: _counts(made, flat, num_cut[name]) for name, flat in flats.items()}
    target = dataset.spec.target
    if isinstance(target, Number):
        target = _scaled(target, dataset.splits["train"], known)
    about = {"symbols": made.symbols.kind, "vocabulary": len(made.symbols.vocabulary), "splits": facts}
    prepared = replace(
        dataset,
        spec=Spec(input=made.spec_input(), target=target),
        splits=splits,
        guesses=(*dataset.guesses, *guesses),
        facts={**dataset.facts, "trees": about},
    )
    numbers = {"number": {"mean": target.mean, "deviation": target.deviation}} if isinstance(target, Number) else {}
    return prepared, made.as_dict() | numbers


def encoder(preparation: Mapping[str, Any]) -> Encoder:
    """Return what a preparation describes. Raises ``ArtefactError`` where it describes nothing."""
    counts = {name: preparation.get(name) for name in ("limit", "nodes", "arity", "depth")}
    ordered, form, told = (preparation.get(name) for name in ("ordered", "form", "symbols"))
    usable = (
        preparation.get("schema") == SCHEMA
        and all(type(value) is int and value >= 0 for value in counts.values())
        and type(ordered) is bool
        and form in FORMS
        and isinstance(told, Mapping)
    )
    if not usable or not (counts["limit"] and counts["nodes"]):
        raise ArtefactError("the preparation of the trees is not one that Gnomon wrote", fix="restore the file")
    return Encoder(symbols=symbols.from_dict(told), ordered=ordered, form=form, **counts)  # type: ignore[arg-type]


def gathered(found: Iterable[Tree]) -> Flat:
    """Return some trees with their nodes one after the other."""
    number_of: dict[str, int] = {}
    parents: list[npt.NDArray[np.signedinteger]] = []
    codes: list[npt.NDArray[np.int32]] = []
    start = 0
    starts = [0]
    for tree in found:
        parents.append(np.where(tree.parents < 0, trees.ROOT, tree.parents.astype(np.int64) + start))
        codes.append(np.array([number_of.setdefault(one, len(number_of)) for one in tree.symbols], np.int32))
        start += len(tree)
        starts.append(start)
    return Flat(
        parents=np.concatenate([np.zeros(0, np.int64), *parents]),
        codes=np.concatenate([np.zeros(0, np.int32), *codes]),
        offsets=np.array(starts, np.int64),
        distinct=list(number_of),
    )


@dataclass(frozen=True)
class _Telling:
    """Tells of progress now and then, and stops where a signal asked to."""

    name: str
    emit: Emit
    should_stop: Callable[[], bool]

    def tick(self, done: int, total: int) -> None:
        if done % _EVERY == 0:
            if self.should_stop():
                raise StoppedError("stopped while trees were prepared", fix="give the same command again")
            self.emit(Worked(what=f"preparing {self.name}", done=done, total=total, unit="trees"))


def _flattened(part: Split, limit: int, telling: _Telling) -> tuple[Flat, Any, int]:
    """Return the nodes of a split, its targets, cut as the trees are, and how many trees were cut."""
    kept: list[Tree] = []
    labels: list[npt.NDArray[Any]] = []
    num_cut = 0
    for index, tree in enumerate(_each(part.inputs)):
        telling.tick(index, len(part))
        small, nodes = trees.cut(tree, limit)
        num_cut += len(small) < len(tree)
        kept.append(small)
        if isinstance(part.targets, Ragged):
            labels.append(part.targets[index][nodes])
    found = Ragged.of(labels, like=np.zeros(0, np.int64)) if isinstance(part.targets, Ragged) else part.targets
    return gathered(kept), found, num_cut


def _fitted(dataset: Dataset, config: TreeConfig, train: Flat, limit: int) -> Encoder:
    inner = np.unique(train.parents[train.parents >= 0])
    has_inner_symbols = any(train.distinct[code] for code in np.unique(train.codes[inner]).tolist())
    lowercase = not has_inner_symbols if config.lowercase == "auto" else config.lowercase
    most = None if config.vocabulary == "auto" else config.vocabulary
    if most is None and isinstance(dataset.spec.target, NodeLabels):
        most = MAX_VOCABULARY  # where leaves have labels, a word that was seen once has told what it means
    leaf = dataset.spec.input
    return Encoder(
        symbols=symbols.fitted(train.distinct, train.codes, most=most, lowercase=lowercase),
        limit=limit,
        nodes=1,
        arity=int(trees.arities(train.parents).max(initial=0)),
        depth=int(trees.heights(train.parents).max(initial=0)),
        ordered=not isinstance(leaf, Trees) or leaf.ordered,
        form=str(dataset.facts.get(FORM, "json")),
    )


def _order(dataset: Dataset, config: TreeConfig, train: Flat, targets: Any) -> tuple[bool, list[Guess]]:
    """Return whether the order of children counts, and what is to be said where the labels tell that it does not."""
    leaf = dataset.spec.input
    ordered = not isinstance(leaf, Trees) or leaf.ordered
    if config.ordered != "auto":
        return config.ordered, []
    if not ordered or not isinstance(dataset.spec.target, Label):
        return ordered, []
    shape = train.parents, trees.heights(train.parents), trees.places(train.parents)
    found = treeorder.alike(*shape, train.codes, np.asarray(targets, np.int64))
    if not found.order_is_moot:
        return True, []
    why = f"{found.pairs:,} pairs of training trees differ in nothing but it, and all have one label"
    return False, [Guess(what="the order of children means nothing", why=why, flag="--set tree.ordered=true")]


def _limit(dataset: Dataset, config: TreeConfig) -> int:
    if config.nodes != "auto":
        return config.nodes
    return int(np.iinfo(np.int32).max) if isinstance(dataset.spec.target, NodeLabels) else MAX_NODES


def _guesses(made: Encoder, config: TreeConfig, num_cut: int, num_train: int) -> list[Guess]:
    found = []
    if made.symbols.kind == symbols.Open.kind:
        found.append(
            Guess(
                what=f"symbols are read as words: {len(made.symbols.vocabulary):,} have a place of their own",
                why="there are many; rarer ones are known by their parts",
                flag="--set tree.vocabulary=10000",
            )
        )
    if num_cut and config.nodes == "auto":
        found.append(
            Guess(
                what=f"trees are read up to {made.limit:,} nodes, those nearest to the root",
                why=f"{num_cut:,} of {num_train:,} training trees are larger",
                flag="--set tree.nodes=100000",
            )
        )
    return found


def _counts(made: Encoder, flat: Flat, num_cut: int) -> dict[str, Any]:
    known = made.symbols.is_known(flat.distinct)[flat.codes] if len(flat.codes) else np.ones(1, bool)
    return {"num_nodes": len(flat.codes), "num_cut": num_cut, "known_symbols": float(known.mean())}


def _scaled(target: Number, train: Split, known: Mapping[str, Any] | None) -> Number:
    """Return the number with mean and deviation over the training trees, or those that were found before."""
    told = known.get("number") if known is not None else None
    if isinstance(told, Mapping):
        return replace(target, mean=float(told["mean"]), deviation=float(told["deviation"]))
    values = np.asarray(train.targets, np.float64)
    return replace(target, mean=float(values.mean()), deviation=float(values.std()) or 1.0)


def _each(column: Column) -> Iterable[Tree]:
    for start in range(0, len(column), _EVERY):
        yield from column[start : start + _EVERY]


def _check(config: TreeConfig, spec: Spec) -> None:
    if config.vocabulary != "auto":
        configs.require_within("tree.vocabulary", config.vocabulary, 1, 1_000_000)
    if config.nodes != "auto":
        configs.require_within("tree.nodes", config.nodes, 1, 10_000_000)
        if isinstance(spec.target, NodeLabels):
            raise UsageError("tree.nodes cannot be set: a tree whose nodes are labelled is not cut", fix="leave it out")
