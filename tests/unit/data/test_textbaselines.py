from collections import Counter

import numpy as np
import pytest

from gnomon.core.spec import Split
from gnomon.data import textbaselines
from gnomon.data.ragged import Ragged


def ragged(samples):
    return Ragged.of([np.array(sample, dtype=np.int64) for sample in samples], like=np.zeros(0, np.int64))


def split_of(samples, targets, *, features=1):
    columns = [np.repeat(np.array(sample, dtype=np.int64)[:, None], features, axis=1) for sample in samples]
    return Split(
        inputs=Ragged.of(columns, like=np.zeros((0, features), np.int64)),
        targets=ragged(targets) if isinstance(targets, list) else targets,
        ids=np.array([str(i) for i in range(len(samples))], dtype=object),
        hashes=np.arange(2 * len(samples), dtype=np.uint64).view("V16"),
    )


def test_probabilities_of_ngrams_worked_by_hand():
    # Values 1 … 3. Training 1 2 1 2 1: three ones, two twos, two kinds of tokens.
    train, other = np.array([1, 2, 1, 2, 1]), np.array([1, 2, 3])
    one, two = textbaselines.ngrams(train, other, 4, 2)
    # (count + 2 · 1/3) / (5 + 2)
    assert one == pytest.approx([(3 + 2 / 3) / 7, (2 + 2 / 3) / 7, (2 / 3) / 7])
    # After 1 came 2 twice, one kind: (2 + 1 · p(2)) / 3. After 2 came only 1, twice: 3 has (0 + p(3)) / 3.
    assert two == pytest.approx([one[0], (2 + one[1]) / 3, one[2] / 3])


def by_hand(train, history, value, num_values, order):
    if order == 0:
        return 1 / (num_values - 1)
    lower = by_hand(train, history[1:] if len(history) == order - 1 else history, value, num_values, order - 1)
    if len(history) < order - 1:
        return lower
    context = tuple(history)
    followers = Counter(
        train[i + order - 1] for i in range(len(train) - order + 1) if tuple(train[i : i + order - 1]) == context
    )
    if not followers:
        return lower
    return (followers[value] + len(followers) * lower) / (sum(followers.values()) + len(followers))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_agree_with_the_rule_applied_a_token_at_a_time(order):
    generator = np.random.default_rng(order)
    train, other = generator.integers(1, 5, 60), generator.integers(1, 6, 40)
    *_, found = textbaselines.ngrams(train, other, 6, order)
    for t in range(len(other)):
        history = other[max(0, t - order + 1) : t].tolist()
        assert found[t] == pytest.approx(by_hand(train.tolist(), history, other[t], 6, order))


def test_probabilities_of_all_values_sum_to_one():
    generator = np.random.default_rng(0)
    train = generator.integers(1, 9, 300)
    total = np.zeros(3)
    for value in range(1, 10):
        *_, found = textbaselines.ngrams(train, np.array([train[0], train[1], value]), 10, 3)
        total += [0, 0, found[2]]
    assert total[2] == pytest.approx(1.0)


def test_a_long_text_is_counted_in_pieces(monkeypatch):
    monkeypatch.setattr(textbaselines, "MAX_TOKENS", 32)
    train = np.repeat([1, 2], 500)
    (found,) = textbaselines.ngrams(train, np.array([1, 2]), 3, 1)
    assert found == pytest.approx([0.5, 0.5])


def test_frequencies_are_counted_piece_by_piece(monkeypatch):
    monkeypatch.setattr(textbaselines, "MAX_TOKENS", 2)
    assert textbaselines.frequencies(np.array([1, 3, 3, 1, 1], np.uint16), 5).tolist() == [0, 3, 0, 2, 0]


def test_empty_streams_have_no_or_equal_probabilities():
    assert [len(p) for p in textbaselines.ngrams(np.array([1, 2]), np.zeros(0, np.int64), 3, 2)] == [0, 0]
    assert list(textbaselines.ngrams(np.zeros(0, np.int64), np.array([1]), 3, 2)) == []


def test_each_word_gets_its_usual_tag_and_an_unknown_one_the_most_frequent():
    train = split_of([[5, 6, 5], [5, 7, 7]], [[1, 2, 1], [0, 2, 2]], features=3)
    other = split_of([[5, 9], [7, 6]], [[0, 0], [1, -1]], features=3)
    overall, usual = textbaselines.usual_tags(train, other, 3)
    assert overall.tolist() == [2, 2, 2]
    assert usual.tolist() == [1, 2, 2]


def test_of_equally_frequent_tags_the_first_is_taken():
    train = split_of([[5, 5, 6, 6]], [[2, 1, 1, 0]])
    _, usual = textbaselines.usual_tags(train, split_of([[5, 6]], [[0, 0]]), 3)
    assert usual.tolist() == [1, 0]


def test_words_without_any_tag_in_train_are_guessed_as_the_first():
    overall, usual = textbaselines.usual_tags(split_of([[5]], [[-1]]), split_of([[5]], [[1]]), 2)
    assert overall.tolist() == usual.tolist() == [0]


def texts(num_samples, seed, num_classes=3):
    """Samples in which a word of the class stands among words that say nothing."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, num_classes, num_samples)
    samples = [[*generator.integers(10, 30, generator.integers(1, 9)), 1 + label] for label in labels]
    return split_of(samples, labels)


@pytest.mark.parametrize("unit", ["word", "character"])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_the_linear_classifier_finds_telling_words(unit, num_classes):
    train, other = texts(200, 0, num_classes), texts(80, 1, num_classes)
    scores = textbaselines.bag_of_words(train, other, num_classes, unit=unit, seed=0)
    assert scores.shape == (80, num_classes)
    assert scores.dtype == np.float32
    assert (scores.argmax(1) == other.targets).mean() > 0.95


def test_the_linear_classifier_sees_the_order_of_two_words():
    train = split_of([[1, 2, 9], [2, 1, 9], [9, 1, 2], [9, 2, 1]] * 5, np.array([0, 1, 0, 1] * 5))
    scores = textbaselines.bag_of_words(train, split_of([[1, 2], [2, 1]], np.array([0, 1])), 2, unit="word", seed=0)
    assert scores.argmax(1).tolist() == [0, 1]


def test_counts_are_those_of_ngrams_inside_each_sample():
    column = split_of([[4, 4], [], [4, 5, 4, 5]], np.zeros(3)).inputs
    found = textbaselines._counts(column, np.arange(3), (1, 2))
    assert found.sum(axis=1).ravel().tolist() == [[3, 0, 7]]
    assert sorted(found[2].data.tolist()) == [1, 2, 2, 2]
    assert sorted(found[0].data.tolist()) == [1, 2]
    assert found[0].multiply(found[2]).sum() == 4  # the word 4 twice in both; no pair is in both


def test_a_class_without_samples_has_the_least_score():
    train, other = texts(60, 0, 2), texts(20, 1, 2)
    scores = textbaselines.bag_of_words(train, other, 4, unit="word", seed=0)
    assert np.isfinite(scores).all()
    assert (scores[:, 2:] < scores[:, :2].min()).all()


def test_one_class_alone_is_always_the_answer():
    train = split_of([[1], [2]], np.array([1, 1]))
    scores = textbaselines.bag_of_words(train, train, 3, unit="word", seed=0)
    assert scores.argmax(1).tolist() == [1, 1]


def test_only_so_many_tokens_are_read_and_the_seed_says_which(monkeypatch):
    train, other = texts(300, 0), texts(30, 1)
    all_of_them = textbaselines.bag_of_words(train, other, 3, unit="word", seed=0)
    monkeypatch.setattr(textbaselines, "MAX_TOKENS", 400)
    rows = textbaselines._some_samples(train, 0)
    assert 40 < len(rows) < 200
    assert sum(len(sample) for sample in train.inputs[rows]) <= 400
    assert (np.diff(rows) > 0).all()
    fewer = textbaselines.bag_of_words(train, other, 3, unit="word", seed=0)
    assert not np.array_equal(all_of_them, fewer)
    assert np.array_equal(fewer, textbaselines.bag_of_words(train, other, 3, unit="word", seed=0))
