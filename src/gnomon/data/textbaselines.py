"""What a network for text has to beat: counts of n-grams, the usual tag of each word, a linear classifier."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gnomon.core import seed as seeds
from gnomon.core.spec import Column, Split

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ORDERS = {"byte": (1, 2, 5), "character": (1, 2, 5), "subword": (1, 2, 3), "word": (1, 2, 3)}
"""How many tokens, the last one included, the n-gram models of each unit look at."""
MAX_TOKENS = 1_000_000
"""Training tokens that the n-gram models count at most, and that the linear classifier reads at most."""

_PIECES = 16
_LENGTHS = {"byte": (1, 2, 3, 4, 5), "character": (1, 2, 3, 4, 5), "subword": (1, 2), "word": (1, 2), "node": (1,)}
_NUM_BUCKETS = 2**18
_MIX = np.uint64(0x9E3779B97F4A7C15)


def ngrams(train: npt.NDArray[Any], other: Ints, num_values: int, max_order: int) -> Iterator[Floats]:
    """Yield for n = 1 … ``max_order`` the probability of each token of ``other`` after the n - 1 tokens before it.

    Both are streams ``(tokens,)`` of values in [1, ``num_values``); so is what is yielded, shape ``(len(other),)``. All
    orders are mixed by Witten and Bell's rule, down to equal shares of all values. At most ``MAX_TOKENS`` training
    tokens are counted, in pieces spread evenly over the stream.

    Source: Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37, 1991, method C;
    interpolated as in Chen and Goodman, "An empirical study of smoothing techniques", 1998, section 2.6.
    """
    train = _pieces(train)
    probability = np.full(len(other), 1 / max(1, num_values - 1))
    before, other_before = np.zeros(len(train), np.int64), np.zeros(len(other), np.int64)
    for _ in range(max_order):
        grams, counts, ids = _count(before, train, num_values)
        if not len(grams):
            return
        contexts = grams // num_values
        num_contexts = int(max(contexts[-1], other_before.max(initial=0))) + 1
        total = np.bincount(contexts, weights=counts, minlength=num_contexts)
        followers = np.bincount(contexts, minlength=num_contexts)
        wanted = other_before * num_values + other
        place = np.minimum(np.searchsorted(grams, wanted), len(grams) - 1)
        found = (grams[place] == wanted) & (other_before >= 0)
        seen = (other_before >= 0) & (total[other_before] > 0)
        new = followers[other_before]
        mixed = (np.where(found, counts[place], 0) + new * probability) / np.maximum(total[other_before] + new, 1)
        probability = np.where(seen, mixed, probability)
        yield probability
        before, other_before = _after(ids), _after(np.where(found, place, -1))


def frequencies(tokens: npt.NDArray[Any], num_values: int) -> Ints:
    """Return how often each value occurs in a stream ``(tokens,)``, shape ``(num_values,)``; a stream may be mapped."""
    counts = np.zeros(num_values, np.int64)
    for start in range(0, len(tokens), MAX_TOKENS):
        counts += np.bincount(tokens[start : start + MAX_TOKENS], minlength=num_values)
    return counts


def usual_tags(train: Split, other: Split, num_tags: int) -> tuple[Ints, Ints]:
    """Return two guesses for the tags of ``other``: the tag that ``train`` has most often, and so for each word.

    Both have shape ``(tokens,)``, sentence by sentence, without the tokens whose tag is -1. A word that has no tag in
    ``train`` gets the tag that is most frequent of all; among equally frequent ones, the first.
    """
    words, tags = tagged_words(train)
    others, _ = tagged_words(other)
    most = int(np.bincount(tags, minlength=num_tags).argmax())
    codes, counts = np.unique(words * num_tags + tags, return_counts=True)
    order = np.lexsort((codes, -counts, codes // num_tags))
    known, first = np.unique(codes[order] // num_tags, return_index=True)
    usual = codes[order][first] % num_tags
    overall = np.full(len(others), most, np.int64)
    if not len(known):
        return overall, overall
    place = np.minimum(np.searchsorted(known, others), len(known) - 1)
    return overall, np.where(known[place] == others, usual[place], most)


def tagged_words(split: Split) -> tuple[Ints, Ints]:
    """Return the words and the tags of all tokens that have a tag, sentence by sentence, both ``(tokens,)``."""
    words, _ = _joined(split.inputs, np.arange(len(split)))
    tags, _ = _joined(split.targets, np.arange(len(split)))
    return words[tags >= 0], tags[tags >= 0]


def bag_of_words(train: Split, other: Split, num_classes: int, *, unit: str, seed: int) -> npt.NDArray[np.float32]:
    """Return scores ``(len(other), num_classes)`` of a linear support vector machine on weighted counts of n-grams.

    The inputs of both splits are columns of tokens ``(time, features)``, of which the first feature counts. N-grams
    have 1 to 2 words or subwords, 1 to 5 characters or bytes (``unit``). At most ``MAX_TOKENS`` training tokens are
    read, in samples drawn with ``seed``. The scores are margins, no probabilities; a class that was not seen has the
    least of all.

    Source: Joachims, "Text categorization with support vector machines", ECML 1998, with tf-idf weights.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.svm import LinearSVC

    rows = _some_samples(train, seed)
    labels = train.targets[rows]
    present = np.unique(labels)
    scores = np.full((len(other), num_classes), -2.0, np.float32)
    if len(present) < 2:
        scores[:, present] = 0.0
        return scores
    weigh = TfidfTransformer(sublinear_tf=True)
    known = weigh.fit_transform(_counts(train.inputs, rows, _LENGTHS[unit]))
    machine = LinearSVC(random_state=seed % 2**32, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # 200 rounds are its budget, whether or not it has converged
        machine.fit(known, labels)
    if not len(other):
        return scores
    margins = machine.decision_function(weigh.transform(_counts(other.inputs, np.arange(len(other)), _LENGTHS[unit])))
    scores[:, present] = margins if margins.ndim == 2 else np.stack([-margins, margins], axis=1)
    scores[:, np.setdiff1d(np.arange(num_classes), present)] = scores.min() - 1
    return scores


def _count(before: Ints, tokens: Ints, num_values: int) -> tuple[Ints, Ints, Ints]:
    """Return the distinct n-grams as codes, how often each occurs, and which one ends at each token (-1: none)."""
    valid = before >= 0
    grams, inverse, counts = np.unique(
        before[valid] * num_values + tokens[valid], return_inverse=True, return_counts=True
    )
    ids = np.full(len(tokens), -1, np.int64)
    ids[valid] = inverse
    return grams, counts, ids


def _after(ids: Ints) -> Ints:
    return np.concatenate([[-1], ids[:-1]])[: len(ids)].astype(np.int64)


def _pieces(tokens: npt.NDArray[Any]) -> Ints:
    if len(tokens) <= MAX_TOKENS:
        return np.asarray(tokens, dtype=np.int64)
    size = MAX_TOKENS // _PIECES
    starts = np.linspace(0, len(tokens) - size, _PIECES).astype(np.int64)
    return np.concatenate([tokens[start : start + size] for start in starts]).astype(np.int64)


def _some_samples(train: Split, seed: int) -> Ints:
    """Return samples in random order, as many as have ``MAX_TOKENS`` tokens together, sorted."""
    order = seeds.order(seeds.key("bag of words", seed), 0, len(train))
    found, total = 0, 0
    for start in range(0, len(order), 4096):
        sizes = np.cumsum([len(sample) for sample in train.inputs[order[start : start + 4096]]])
        found += int(np.searchsorted(sizes + total, MAX_TOKENS, side="right"))
        total += int(sizes[-1])
        if total > MAX_TOKENS:
            break
    return np.sort(order[: max(2, found)])


def _joined(column: Column, rows: Ints) -> tuple[Ints, Ints]:
    """Return the first feature of all tokens of some samples, one after the other, and the samples' lengths."""
    samples: list[npt.NDArray[Any]] = [np.asarray(sample) for sample in column[rows]]
    lengths = np.array([len(sample) for sample in samples], np.int64)
    firsts = [sample if sample.ndim == 1 else sample[:, 0] for sample in samples]
    return np.concatenate([np.zeros(0, np.int64), *firsts]), lengths


def _counts(column: Column, rows: Ints, lengths: tuple[int, ...]) -> csr_matrix:
    """Return how often each n-gram occurs in each sample, ``(samples, buckets)``; n-grams are told apart by a hash."""
    from scipy.sparse import csr_matrix

    tokens, sizes = _joined(column, rows)
    sample = np.repeat(np.arange(len(rows)), sizes)
    left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(tokens))
    code = np.zeros(len(tokens), np.uint64)
    found: list[tuple[Ints, Ints]] = []
    for length in range(1, max(lengths) + 1):
        ahead = np.concatenate([tokens[length - 1 :], np.zeros(min(length - 1, len(tokens)), np.int64)])
        code = (code ^ (ahead + length).astype(np.uint64)) * _MIX
        code ^= code >> np.uint64(29)
        inside = left >= length
        if length in lengths:
            found.append((sample[inside], (code[inside] % np.uint64(_NUM_BUCKETS)).astype(np.int64)))
    rows_of, buckets = (np.concatenate(part) for part in zip(*found, strict=True))
    return csr_matrix((np.ones(len(rows_of)), (rows_of, buckets)), shape=(len(rows), _NUM_BUCKETS))
