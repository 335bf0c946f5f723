import numpy as np
import pytest

from gnomon.core import confusion

TARGETS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 1])
CLASSES = ("cat", "dog", "owl")


def test_rows_are_true_and_columns_predicted():
    assert confusion.matrix(TARGETS, PREDICTED, 3).tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_per_class_worked_by_hand():
    cat, dog, owl = confusion.per_class(confusion.matrix(TARGETS, PREDICTED, 3), CLASSES)
    assert cat == {
        "name": "cat",
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
        "support": 3,
    }
    assert (dog["precision"], dog["recall"], dog["f1"]) == pytest.approx((1 / 3, 1 / 2, 2 / 5))
    assert (owl["precision"], owl["recall"], owl["f1"], owl["support"]) == (0.0, 0.0, 0.0, 1)


def test_macro_f1_worked_by_hand():
    score = confusion.macro_f1(TARGETS, PREDICTED, 3, seed=0)
    assert score.value == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert 0 <= score.low < score.value < score.high <= 1
    assert score.n == 6


def test_classes_that_occur_nowhere_are_left_out_of_macro_f1():
    three, nine = (confusion.macro_f1(TARGETS, PREDICTED, n, seed=0) for n in (3, 9))
    assert three == nine


def test_a_perfect_macro_f1_takes_its_lower_end_from_wilson():
    score = confusion.macro_f1(TARGETS, TARGETS, 3, seed=0)
    assert (score.value, score.high) == (1.0, 1.0)
    assert score.low == pytest.approx(6 / (6 + 3.8415), abs=1e-4)


def test_macro_f1_interval_agrees_with_resampling_the_samples():
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 4, 500)
    predicted = np.where(generator.random(500) < 0.7, targets, generator.integers(0, 4, 500))
    score = confusion.macro_f1(targets, predicted, 4, seed=0)
    values = []
    for _ in range(300):
        picks = generator.integers(0, 500, 500)
        values.append(confusion.macro_f1(targets[picks], predicted[picks], 4, seed=0).value)
    assert (score.low, score.high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.015)


def test_pairs_that_are_mistaken_most_often_come_first():
    found = confusion.most_confused(np.array([[5, 1, 0], [4, 5, 0], [0, 2, 5]]), CLASSES)
    assert found == [
        {"true": "dog", "predicted": "cat", "n": 4},
        {"true": "owl", "predicted": "dog", "n": 2},
        {"true": "cat", "predicted": "dog", "n": 1},
    ]


class TestBalancedAccuracy:
    def test_every_class_counts_the_same(self):
        score = confusion.balanced_accuracy(TARGETS, PREDICTED, 3, seed=0)
        assert score.value == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
        assert score.low < score.value < score.high

    def test_classes_that_do_not_occur_are_left_out(self):
        assert confusion.balanced_accuracy(np.array([2, 2]), np.array([2, 0]), 9, seed=0).value == 0.5

    def test_a_perfect_score_is_as_sure_as_its_rarest_class(self):
        targets = np.repeat([0, 1], [95, 5])
        score = confusion.balanced_accuracy(targets, targets, 2, seed=0)
        assert (score.value, score.high) == (1.0, 1.0)
        assert 0.5 < score.low < 0.6  # five of five
