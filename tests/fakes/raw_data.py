"""Small data sets of every kind as a reader gives them, before they are prepared."""

import numpy as np

from gnomon.core.spec import Dataset, Image, Label, Series, Spec, Split, Tags, Text
from gnomon.data.ragged import Items, Ragged, digests

PICTURES = Spec(input=Image(height_px=1, width_px=1, channels=1), target=Label(classes=("cat", "dog")))
LABELLED = Spec(input=Text(), target=Label(classes=("good", "bad")))
TAGGED = Spec(input=Text(words=True), target=Tags(classes=("O", "NOUN", "VERB")))
CONTINUED = Spec(input=Text(), target=Text())
FORECAST = Spec(input=Series(names=("a", "b"), length=0), target=Series(names=("b",), length=0))
WAVES = Spec(input=Series(names=("a", "b"), length=3), target=Label(classes=("up", "down")))


def named(names):
    ids = np.empty(len(names), dtype=object)
    ids[:] = names
    return ids


def numbered(count, prefix=""):
    return named([f"{prefix}{i}" for i in range(count)])


def texts(contents, targets, prefix="t"):
    """Texts with a label each."""
    hashes = digests(text.encode() for text in contents)
    targets = np.asarray(targets, dtype=np.int64)
    return Split(inputs=Items(list(contents)), targets=targets, ids=numbered(len(contents), prefix), hashes=hashes)


def sentences(contents, tags, prefix="s"):
    """Sentences of words with a tag each; ``contents`` are texts with blanks between the words."""
    words = [tuple(content.split()) for content in contents]
    column = Ragged.of([np.asarray(one, np.int64) for one in tags], like=np.zeros(0, np.int64))
    hashes = digests(content.encode() for content in contents)
    return Split(inputs=Items(words), targets=column, ids=numbered(len(words), prefix), hashes=hashes)


def documents(*contents, names=None):
    """Texts to be continued."""
    items = Items(list(contents))
    names = names or [f"{i}.txt" for i in range(len(contents))]
    hashes = digests(text.encode("utf-8", "surrogatepass") for text in contents)
    return Split(inputs=items, targets=items, ids=named(names), hashes=hashes)


def rows(values, first=0):
    """A series to be forecast; row ``i`` is called ``hour i``."""
    values = np.asarray(values, dtype=np.float32)
    hashes = digests(row.tobytes() for row in values)
    return Split(
        inputs=values, targets=values, ids=named([f"hour {first + i}" for i in range(len(values))]), hashes=hashes
    )


def ramp(count, first=0):
    """Rows ``(count, 2)`` that are all different."""
    return rows(np.arange(first * 2, (first + count) * 2).reshape(count, 2), first)


def waves(values, targets):
    values = np.asarray(values, dtype=np.float32)
    hashes = digests(wave.tobytes() for wave in values)
    targets = np.asarray(targets, dtype=np.int64)
    return Split(inputs=values, targets=targets, ids=numbered(len(values), "w"), hashes=hashes)


def dataset(spec, *, facts=None, fingerprint="f0", name="data", skipped=(), **splits):
    return Dataset(
        name=name,
        source=name,
        reader="fake",
        spec=spec,
        splits=splits,
        fingerprint=fingerprint,
        facts=facts or {},
        skipped=tuple(skipped),
    )
