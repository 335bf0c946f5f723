import pickle

import numpy as np
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from gnomon.sklearn import GnomonClassifier, GnomonRegressor


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    from gnomon.training import machine

    monkeypatch.setenv("GNOMON_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(machine, "_measure", machine._unmeasured)  # it takes seconds, and decides nothing here


def rows(count=150, seed=0):
    x = np.random.default_rng(seed).normal(size=(count, 3))
    x[::7, 2] = np.nan
    return x


@pytest.fixture(scope="module")
def data():
    x = rows()
    return x, np.where(x[:, 0] > 0, "yes", "no"), 1000 + 50 * x[:, 0]


class TestClassifier:
    def test_it_learns_and_says_how_sure_it_is(self, data):
        x, labels, _ = data
        model = GnomonClassifier(budget="80steps").fit(x, labels)
        assert model.classes_.tolist() == ["no", "yes"]
        assert model.score(x, labels) > 0.9
        shares = model.predict_proba(x)
        assert shares.shape == (150, 2)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-6)
        assert (model.classes_[shares.argmax(axis=1)] == model.predict(x)).all()
        assert set(model.scores_) == {"valid"}
        copy = pickle.loads(pickle.dumps(model))
        assert np.array_equal(copy.predict_proba(x), shares)

    def test_a_table_with_texts_and_gaps_is_taken_as_it_is(self, data):
        x, labels, _ = data
        table = pa.table({"number": x[:, 1], "colour": ["red" if label == "yes" else None for label in labels]})
        model = GnomonClassifier(budget="60steps").fit(table, labels)
        assert model.score(table, labels) > 0.95

    def test_one_class_is_refused(self):
        with pytest.raises(ValueError, match="1 class"):
            GnomonClassifier(budget="5steps").fit(rows(20), np.zeros(20))

    def test_infinity_is_refused(self, data):
        x, labels, _ = data
        with pytest.raises(ValueError, match="infinity"):
            GnomonClassifier(budget="5steps").fit(np.where(x > 1, np.inf, x), labels)


class TestRegressor:
    def test_it_learns_and_gives_a_range_and_leaves_its_run(self, data, tmp_path):
        x, _, price = data
        model = GnomonRegressor(budget="80steps", run=str(tmp_path / "run")).fit(x, price)
        assert model.score(x, price) > 0.8
        low, high = model.predict_interval(x).T
        assert (low <= high).all()
        assert (tmp_path / "run" / "report.html").exists()

    def test_the_same_seed_gives_the_same_answers(self, data):
        x, _, price = data
        one, same, other = (GnomonRegressor(budget="5steps", seed=seed).fit(x, price).predict(x) for seed in (0, 0, 1))
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)

    def test_settings_are_those_of_the_command(self, data):
        x, _, price = data
        model = GnomonRegressor(budget="5steps", settings=("family.width=12",)).fit(x, price)
        assert model.model_.network.layers[0].weight.shape[0] == 12


def test_nothing_is_answered_before_a_fit():
    with pytest.raises(NotFittedError):
        GnomonClassifier().predict(rows())


def test_copies_have_the_same_settings():
    model = GnomonRegressor(budget="7m", seed=3, valid_share=0.2)
    assert clone(model).get_params() == model.get_params()


def test_rows_and_targets_must_be_as_many():
    table = pa.table({"colour": ["red", "blue", "red"]})
    with pytest.raises(ValueError, match="3 rows and 2 targets"):
        GnomonClassifier(budget="5steps").fit(table, ["a", "b"])


@pytest.mark.slow
@parametrize_with_checks([GnomonClassifier(budget="100steps"), GnomonRegressor(budget="100steps")])
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check):
    check(estimator)
