"""Texts as trees, and trees as texts: so that a family that was asked for by name can take either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gnomon.core import plugins
from gnomon.core.config import Layer
from gnomon.core.errors import UsageError
from gnomon.core.spec import Dataset, Guess, Label, Number, Spec, Text, Tree, Trees
from gnomon.core.spec import Sequence as Tokens
from gnomon.data import brackets, prefix, treeprep, trees, words
from gnomon.data.ragged import Items
from gnomon.data.trees import Tree as One


def takes(layers: Sequence[Layer]) -> tuple[type, ...]:
    """Return the kinds of data that the family takes which the user named; none where that is left to Gnomon."""
    name = next((values["run.family"] for _, values in reversed(layers) if "run.family" in values), "auto")
    return () if name == "auto" else tuple(plugins.load("family", str(name)).ACCEPTS)


def fitting(dataset: Dataset, kinds: Sequence[type], known: Mapping[str, Any] | None = None) -> Dataset:
    """Return texts as balanced trees where ``kinds`` take trees alone, trees as texts where they take texts alone.

    What was prepared before, as ``known`` tells, is made the same again. Other data is returned as it is. Raises
    ``UsageError`` where the nodes of the trees have labels, for a text has none for these.
    """
    spec = dataset.spec
    takes_trees = _told(known, "Tree") or (Tree in kinds and Tokens not in kinds)
    if isinstance(spec.input, Text) and isinstance(spec.target, Label | Number) and takes_trees:
        return _as_trees(dataset, tell=known is None)
    if isinstance(spec.input, Trees) and (_told(known, "Text") or (Tokens in kinds and Tree not in kinds)):
        if not isinstance(spec.target, Label | Number):
            raise UsageError(
                "this family reads trees as texts, and the nodes of these have labels", fix="add --target root"
            )
        return _as_texts(dataset, tell=known is None)
    return dataset


def of_text(text: str | Sequence[str]) -> One:
    """Return the balanced tree over the words of a text; a text without words has one empty leaf."""
    return trees.balanced(words.words_of(text) or [""])


def as_text(tree: One) -> str:
    """Return a tree as one line: an expression where inner nodes have symbols, else the words of its leaves."""
    inner = set(tree.parents[tree.parents >= 0].tolist())
    if any(tree.symbols[node] for node in inner):
        return prefix.printed(tree)
    return brackets.words_of(tree)


def _told(known: Mapping[str, Any] | None, kind: str) -> bool:
    return known is not None and known.get("kind") == kind


def _as_trees(dataset: Dataset, *, tell: bool) -> Dataset:
    splits = {
        name: replace(part, inputs=Items([of_text(text) for text in part.inputs[:]]))
        for name, part in dataset.splits.items()
    }
    what = "texts are read as balanced binary trees over their words"
    guess = Guess(what=what, why="they come without trees, and the family takes trees", flag="--family auto")
    made = replace(dataset, facts={**dataset.facts, treeprep.FORM: "text"})
    return _seen(made, Spec(input=Trees(), target=dataset.spec.target), splits, guess, tell=tell)


def _as_texts(dataset: Dataset, *, tell: bool) -> Dataset:
    splits = {
        name: replace(part, inputs=Items([as_text(tree) for tree in part.inputs[:]]))
        for name, part in dataset.splits.items()
    }
    guess = Guess(what="trees are read as texts", why="the family takes no trees", flag="--family auto")
    return _seen(dataset, Spec(input=Text(), target=dataset.spec.target), splits, guess, tell=tell)


def _seen(dataset: Dataset, spec: Spec, splits: Mapping[str, Any], guess: Guess, *, tell: bool) -> Dataset:
    told = (guess,) if tell else ()
    return replace(dataset, spec=spec, splits=splits, guesses=(*dataset.guesses, *told))
