import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from gnomon.core.spec import Image, Split, Vector
from gnomon.data import tablebaselines
from gnomon.data.tablebaselines import Design

ROWS = Vector(names=("x", "y"), categories=(("colour", 4),))


def split_of(inputs, targets):
    return Split(
        inputs=np.asarray(inputs, np.float32),
        targets=np.asarray(targets),
        ids=np.arange(len(inputs)),
        hashes=np.arange(2 * len(inputs), dtype=np.uint64).view("V16"),
    )


def rows(count, seed=0):
    draw = np.random.default_rng(seed)
    return np.column_stack([draw.normal(size=(count, 2)), draw.integers(0, 4, count)]).astype(np.float32)


class TestDesign:
    def test_numbers_codes_and_what_is_missing_are_columns(self):
        given = np.array([[0.0, np.nan, 1], [2.0, 4.0, 3]], np.float32)
        design = Design.fitted(given, ROWS)
        # x; y, 0 where missing; whether y is missing; colour is 1; colour is 3.
        assert design.mean.tolist() == [1.0, 2.0, 0.5, 0.5, 0.5]
        assert design(given).tolist() == [[-1, -1, 1, 1, -1], [1, 1, -1, -1, 1]]

    def test_outliers_are_limited_and_new_codes_are_nothing(self):
        design = Design.fitted(rows(200), ROWS)
        far = design(np.array([[1e20, 0.0, 99.0]], np.float32))
        assert np.isfinite(far).all()
        assert far[0, 0] < 15


class TestRidge:
    def test_a_linear_rule_is_found(self):
        given, more = rows(400), rows(50, seed=1)

        def rule(some):
            return 1e6 + 3 * some[:, 0] - 2 * some[:, 1] + 5.0 * (some[:, 2] == 2)

        found = tablebaselines.ridge(split_of(given, rule(given)), split_of(more, rule(more)), ROWS, seed=0)
        np.testing.assert_allclose(found, rule(more.astype(np.float64)), atol=0.02)

    def test_noise_is_answered_with_about_the_mean(self):
        given = rows(60)
        noise = np.random.default_rng(5).normal(size=60) + 7
        found = tablebaselines.ridge(split_of(given, noise), split_of(rows(20, 3), np.zeros(20)), ROWS, seed=0)
        assert np.abs(found - noise.mean()).max() < 0.5

    def test_a_handful_of_rows_is_enough(self):
        found = tablebaselines.ridge(split_of(rows(3), [1.0, 2.0, 3.0]), split_of(rows(2), [0.0, 0.0]), ROWS, seed=0)
        assert np.isfinite(found).all()

    def test_nothing_to_answer(self):
        found = tablebaselines.ridge(split_of(rows(9), np.arange(9.0)), split_of(rows(0), []), ROWS, seed=0)
        assert found.shape == (0,)


class TestLogistic:
    def test_it_is_that_of_scikit_learn(self):
        given, more = rows(300), rows(40, seed=1)
        labels = (given[:, 0] + 0.3 * np.random.default_rng(2).normal(size=300) > 0).astype(np.int64)
        found = tablebaselines.logistic(split_of(given, labels), split_of(more, np.zeros(40)), ROWS, 2, seed=0)
        design = Design.fitted(given, ROWS)
        model = LogisticRegression().fit(design(given), labels)
        np.testing.assert_allclose(found, model.predict_log_proba(design(more)), atol=1e-4)

    def test_a_class_that_is_not_there_never_wins(self):
        given = rows(90)
        labels = np.arange(90) % 2 * 2
        found = tablebaselines.logistic(split_of(given, labels), split_of(given, labels), ROWS, 3, seed=0)
        assert (found.argmax(axis=1) != 1).all()

    @pytest.mark.parametrize("label", [0, 1])
    def test_one_class_alone_always_wins(self, label):
        given, labels = rows(10), np.full(10, label)
        found = tablebaselines.logistic(split_of(given, labels), split_of(given, labels), ROWS, 2, seed=0)
        assert (found.argmax(axis=1) == label).all()


def test_small_tables_are_quick_and_nothing_else_is():
    some = split_of(rows(300), np.zeros(300))
    assert tablebaselines.is_quick(some, ROWS)
    assert not tablebaselines.is_quick(some, Vector(names=("x",), categories=(("city", 5000),)))
    assert not tablebaselines.is_quick(some, Image(height_px=8, width_px=8, channels=1))
