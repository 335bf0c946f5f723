"""Small trees, deep ones and wide ones, and data sets of trees as a reader gives them."""

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from gnomon.core.config import DataConfig
from gnomon.core.spec import Label
from gnomon.data import treefound
from gnomon.data.trees import Growing, Tree

DEEP = 100_000
WIDE = 10_000
LABELS = Label(classes=("a", "b"))
SMALL = Tree(("a", "b", "c", "", "f"), np.array([4, 3, 3, 4, -1], np.int32))
"""A root f over a and an empty node over b and c."""
_WORDS = st.sampled_from(["a", "b", "cd", ""])


def chain(length):
    return Tree(("x",) * length, np.append(np.arange(1, length, dtype=np.int32), np.int32(-1)))


def star(children):
    return Tree(("x",) * (children + 1), np.append(np.full(children, children, np.int32), np.int32(-1)))


@st.composite
def any_tree(draw, words=_WORDS):
    """A tree of up to 30 nodes, grown by any steps."""
    growing = Growing()
    growing.open(draw(words))
    for _ in range(draw(st.integers(0, 29))):
        move = draw(st.sampled_from(["leaf", "open", "close"]))
        if move == "open":
            growing.open(draw(words))
        elif move == "leaf" or growing.depth == 1:
            growing.leaf(draw(words))
        else:
            growing.close()
    while growing.depth:
        growing.close()
    return growing.tree()


def dataset(found, targets, target=LABELS, form="prefix", **splits):
    """Trees with their targets as a split called train, and others."""

    def part(split, some, wanted):
        return treefound.Part(split=split, ids=[f"{split}{i}" for i in range(len(some))], trees=some, targets=wanted)

    parts = [part("train", found, targets), *(part(name, *given) for name, given in splits.items())]
    about = {"reader": "r", "path": Path("x"), "target": target, "parts": parts, "facts": {"form": form}}
    return treefound.dataset(treefound.Found(**about), DataConfig(path="x"))
