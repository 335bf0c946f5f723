"""A small data set of every kind that families may be given, as they see it: the classes show, under noise."""

from dataclasses import dataclass

import numpy as np
import small_training
import torch

from gnomon.core.ranks import Ranks
from gnomon.core.spec import (
    Density,
    Image,
    Label,
    MixedRow,
    NodeLabels,
    Normality,
    Number,
    Quantity,
    Sequence,
    Series,
    Spec,
    Split,
    Tags,
    Tree,
    Vector,
    Waveform,
)
from gnomon.core.training import AugmentConfig
from gnomon.data import feeds
from gnomon.data.nodecolumn import NodeColumn
from gnomon.data.ragged import Items, Ragged
from gnomon.data.stream import Stream
from gnomon.data.stretches import Stretches, every
from gnomon.data.waves import Waves
from gnomon.data.windows import Windows

CPU = torch.device("cpu")
LABELS = Label(classes=("a", "b", "c"))
DRAWING = Image(height_px=8, width_px=8, channels=1)
DRAWN = Density(binarize="dynamic", classes=("a", "b", "c"), conditional=True)
KNOWN = Normality(classes=("a", "b", "c"), normal=("a", "b"))
WORDS = Sequence(sizes=(40, 11), length=12, unit="word")
LETTERS = Sequence(sizes=(12,), length=8, unit="character")
PAST = Series(names=("x", "y"), length=24, period=6, mean=(1.0, -1.0), deviation=(2.0, 0.5))
COMING = Series(names=("x", "y"), length=6, period=6, mean=(1.0, -1.0), deviation=(2.0, 0.5))
TREES = Tree(sizes=(40, 11), nodes=15, arity=3, depth=6)
ROWS = Vector(names=("x", "y"), categories=(("colour", 5), ("shape", 3)))
SIZES = Quantity(name="x", low=0.0, step=0.5, places=200, spikes=(0,), means=(40.0, 150.0), deviations=(20.0, 15.0))
COUNTS = Quantity(name="y", low=1.0, step=1.0, places=3, spikes=(0, 1, 2), means=(1.0,), deviations=(1.0,))
MIXED = MixedRow(numbers=(SIZES, COUNTS), categories=(("colour", 5), ("shape", 3)))
TOLD = Density(classes=("a", "b", "c"), conditional=True, shares=(0.5, 0.25, 0.25))
PRICE = Number(name="price", mean=1e6, deviation=50.0)
SOUND = Waveform(rate_hz=4000, length=1600)
STRETCH = Series(names=("x", "y"), length=30, period=6, mean=(1.0, -1.0), deviation=(2.0, 0.5))
WAVE = Series(names=("x",), length=20, mean=(0.0,), deviation=(1.0,))


@dataclass(frozen=True)
class Kind:
    """One kind of data: what a sample is, and how to make some."""

    name: str
    spec: Spec

    def split(self, num_samples=12, *, seed=0):
        return MAKERS[self.name](num_samples, np.random.default_rng(seed))

    @property
    def size(self):
        return 8 if isinstance(self.spec.input, Image) else 0

    def batch(self, num_samples=12, *, seed=0):
        """All samples of a split as one batch."""
        split = self.split(num_samples, seed=seed)
        (batch,) = feeds.looks(split, self.spec, batch_size=len(split), size=self.size, device=CPU)
        return batch

    def feed(self, split, *, batch_size, seed=0):
        return feeds.feed_for(
            split,
            self.spec,
            batch_size=batch_size,
            augment=AugmentConfig(flip="off"),
            seed=seed,
            device=CPU,
            ranks=Ranks(),
        )


def named(split_length):
    return np.array([f"sample {i}" for i in range(split_length)], dtype=object)


def hashes(split_length):
    return np.arange(2 * split_length, dtype=np.uint64).view("V16")


def split_of(inputs, targets):
    return Split(inputs=inputs, targets=targets, ids=named(len(inputs)), hashes=hashes(len(inputs)))


def tokens(num_samples, draw):
    """Texts of 1 to 12 words; which third of the vocabulary a word is from is its class."""
    classes = np.arange(num_samples) % 3
    arrays = []
    for label in classes:
        words = 1 + label * 13 + draw.integers(0, 13, draw.integers(1, 13))
        arrays.append(np.stack([words, 1 + words % 10], axis=1))
    return classes, Ragged.of(arrays, like=np.zeros((0, 2), np.int64))


def texts(num_samples, draw):
    classes, inputs = tokens(num_samples, draw)
    return split_of(inputs, classes)


def tagged(num_samples, draw):
    _, inputs = tokens(num_samples, draw)
    found = [array[:, 0] % 3 for array in inputs[:]]
    return split_of(inputs, Ragged.of(found, like=np.zeros(0, np.int64)))


def continued(num_samples, draw):
    """One text of as many windows as there should be samples, in which each letter says the next."""
    start = int(draw.integers(0, 11))
    letters = 1 + (start + np.arange(num_samples * LETTERS.length + 1) * 3) % 11
    column = Stream(letters.astype(np.int32), LETTERS.length)
    return split_of(column, column)


def forecast(num_samples, draw):
    time = np.arange(PAST.length + COMING.length + num_samples - 1) + int(draw.integers(0, 6))
    season = np.sin(2 * np.pi * time / 6)
    rows = np.stack([1 + 2 * season, -1 - 0.5 * season], axis=1) + draw.normal(0, 0.05, (len(time), 2))
    column = Windows(rows.astype(np.float32), lookback=PAST.length, horizon=COMING.length, first=PAST.length)
    return Split(inputs=column, targets=column, ids=Items(list(named(len(column)))), hashes=hashes(len(column)))


def windows(num_samples, draw):
    """All windows of a series with a season of 6 steps."""
    rows = forecast(num_samples + STRETCH.length, draw).inputs.rows[: num_samples + STRETCH.length - 1]
    column = Stretches(rows, length=STRETCH.length, starts=every(len(rows), STRETCH.length))
    return split_of(column, np.full(len(column), -1, np.int64))


def waves(num_samples, draw):
    classes = np.arange(num_samples, dtype=np.int64) % 3
    time = np.arange(WAVE.length)
    rows = [np.sin(time * (0.3 + 0.4 * label)) for label in classes] + draw.normal(0, 0.1, (num_samples, WAVE.length))
    return split_of(np.asarray(rows, np.float32)[:, :, None], classes)


def trees(num_samples, draw):
    """Trees of 1 to 8 words under nodes without a symbol; which third of the vocabulary a word is from is its class."""
    classes = np.arange(num_samples) % 3
    arrays = []
    for label in classes:
        words = (2 + label * 12 + draw.integers(0, 12, draw.integers(1, 9))).tolist()
        rows = []
        grown(words, rows, draw)
        rows[-1][1] = 1
        arrays.append(np.array(rows, np.int64))
    return classes, Ragged.of(arrays, like=np.zeros((0, 5), np.int64))


def grown(words, rows, draw):
    """Add a tree over these words to the rows of a sample, children before their parent; return where it stands."""
    if len(words) == 1:
        rows.append([0, 1, 0, words[0], 2 + words[0] % 9])
        return len(rows) - 1
    cut = int(draw.integers(1, len(words)))
    parts = [words[:cut], words[cut:]]
    if len(parts[1]) > 1 and draw.random() < 0.3:
        parts[1:] = [parts[1][:1], parts[1][1:]]
    below = [grown(part, rows, draw) for part in parts]
    rows.append([0, 1, 1 + max(rows[child][2] for child in below), 1 if draw.random() < 0.7 else 2 + words[0] % 3, 1])
    for place, child in enumerate(below, start=1):
        rows[child][:2] = len(rows) - 1 - child, place
    return len(rows) - 1


def trees_with_labels(num_samples, draw):
    classes, inputs = trees(num_samples, draw)
    return split_of(inputs, classes)


def labelled_nodes(num_samples, draw):
    _, inputs = trees(num_samples, draw)
    found = [np.where(array[:, 3] % 5 == 0, -1, array[:, 3] % 3) for array in inputs[:]]
    for labels, array in zip(found, inputs[:], strict=True):
        labels[-1] = array[0, 3] % 3
    return split_of(inputs, NodeColumn(Ragged.of(found, like=np.zeros(0, np.int64)), inputs))


def rows(num_samples, draw):
    """Rows of a table, some cells of which are missing; the first number and the colour tell the class."""
    classes = np.arange(num_samples, dtype=np.int64) % 3
    numbers = np.stack([classes - 1 + draw.normal(0, 0.1, num_samples), draw.normal(size=num_samples)], axis=1)
    numbers[:, 1][np.arange(num_samples) % 4 == 1] = np.nan
    colours = np.where(np.arange(num_samples) % 5 == 2, 0, 2 + classes)
    columns = np.column_stack([numbers, colours, draw.integers(0, 3, num_samples)])
    return classes, columns.astype(np.float32)


def labelled_rows(num_samples, draw):
    classes, inputs = rows(num_samples, draw)
    return split_of(inputs, classes)


def priced_rows(num_samples, draw):
    classes, inputs = rows(num_samples, draw)
    return split_of(inputs, 1e6 + 50.0 * (classes - 1) + draw.normal(0, 2.0, num_samples))


def mixed_rows(num_samples, draw):
    """Rows of a table as they are learned themselves; the class tells the first number and the colour."""
    classes = np.arange(num_samples, dtype=np.int64) % 3
    sizes = np.round(np.clip(60 * classes + draw.normal(0, 5, num_samples), 0, 199))
    sizes[np.arange(num_samples) % 4 == 1] = np.nan
    colours = np.where(np.arange(num_samples) % 5 == 2, 0, 2 + classes)
    columns = np.column_stack([sizes, draw.integers(0, 3, num_samples), colours, draw.integers(0, 3, num_samples)])
    return split_of(columns.astype(np.float32), classes)


def pictures(num_samples, draw):
    return small_training.pictures(num_samples, side=8, channels=3, num_classes=3, seed=int(draw.integers(0, 99)))


def sounds(num_samples, draw):
    """Tones of 0.1 to 0.4 s; how high they are is their class."""
    classes = np.arange(num_samples, dtype=np.int64) % 3
    arrays = []
    for label in classes:
        time = np.arange(draw.integers(400, SOUND.length + 1)) / SOUND.rate_hz
        tone = np.sin(2 * np.pi * time * (300, 700, 1500)[label] * draw.uniform(0.95, 1.05))
        arrays.append(np.rint(6000 * tone + draw.normal(0, 60, len(time))).astype(np.int16))
    column = Ragged.of(arrays, like=np.zeros(0, np.int16))
    return split_of(Waves(column, rate_hz=SOUND.rate_hz, length=SOUND.length, level=False), classes)


def drawings(num_samples, draw):
    """Grey pictures of which a third is white: which one is their class."""
    classes = np.arange(num_samples, dtype=np.int64) % 3
    pixels = draw.integers(0, 40, (num_samples, 8, 8, 1))
    for row, label in enumerate(classes):
        pixels[row, :, 3 * label : 3 * label + 2] = 255 - pixels[row, :, 3 * label : 3 * label + 2]
    return split_of(pixels.astype(np.uint8), classes)


MAKERS = {
    "pictures": pictures,
    "pictures to draw": pictures,
    "drawings to draw": drawings,
    "drawings to know": drawings,
    "texts": texts,
    "tagged words": tagged,
    "a text to be continued": continued,
    "series to forecast": forecast,
    "series with labels": waves,
    "windows to draw": windows,
    "windows to know": windows,
    "labelled series to draw": waves,
    "trees with labels": trees_with_labels,
    "trees of labelled nodes": labelled_nodes,
    "rows with labels": labelled_rows,
    "rows with a number": priced_rows,
    "rows to make": mixed_rows,
    "rows to know": mixed_rows,
    "recordings": sounds,
}
KINDS = (
    Kind("pictures", small_training.spec(side=8, channels=3, num_classes=3)),
    Kind("pictures to draw", Spec(input=Image(height_px=8, width_px=8, channels=3), target=Density())),
    Kind("drawings to draw", Spec(input=DRAWING, target=DRAWN)),
    Kind("drawings to know", Spec(input=DRAWING, target=KNOWN)),
    Kind("texts", Spec(input=WORDS, target=LABELS)),
    Kind("tagged words", Spec(input=WORDS, target=Tags(classes=("a", "b", "c")))),
    Kind("a text to be continued", Spec(input=LETTERS, target=LETTERS)),
    Kind("series to forecast", Spec(input=PAST, target=COMING)),
    Kind("series with labels", Spec(input=WAVE, target=LABELS)),
    Kind("windows to draw", Spec(input=STRETCH, target=Density())),
    Kind("windows to know", Spec(input=STRETCH, target=Normality())),
    Kind(
        "labelled series to draw",
        Spec(input=WAVE, target=Density(classes=("a", "b", "c"), conditional=True)),
    ),
    Kind("trees with labels", Spec(input=TREES, target=LABELS)),
    Kind("trees of labelled nodes", Spec(input=TREES, target=NodeLabels(classes=("a", "b", "c")))),
    Kind("rows with labels", Spec(input=ROWS, target=LABELS)),
    Kind("rows with a number", Spec(input=ROWS, target=PRICE)),
    Kind("rows to make", Spec(input=MIXED, target=TOLD)),
    Kind("rows to know", Spec(input=MIXED, target=KNOWN)),
    Kind("recordings", Spec(input=SOUND, target=LABELS)),
)
