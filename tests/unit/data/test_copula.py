import numpy as np

from gnomon.data.copula import Copula


def rows(num_rows=2000):
    draw = np.random.default_rng(0)
    x = draw.normal(size=num_rows)
    y = np.where(draw.random(num_rows) < 0.3, 0.0, np.abs(x + draw.normal(0, 0.3, num_rows)))
    z = np.where(draw.random(num_rows) < 0.1, np.nan, -x)
    return np.stack([x, y, z], axis=1).astype(np.float32)


def test_columns_are_spread_as_they_were_and_tied_as_they_were():
    given = rows()
    made = Copula.fitted(given, seed=0).sample(4000, seed=1)
    assert set(np.unique(made[:, 0])) <= set(np.unique(given[:, 0]))
    assert abs((made[:, 1] == 0).mean() - 0.3) < 0.03
    assert abs(np.isnan(made[:, 2]).mean() - 0.1) < 0.03
    there = ~np.isnan(made[:, 2])
    assert np.corrcoef(made[there, 0], made[there, 2])[0, 1] < -0.7


def test_columns_that_know_nothing_of_each_other():
    made = Copula.fitted(rows(), seed=0, correlated=False).sample(4000, seed=1)
    there = ~np.isnan(made[:, 2])
    assert abs(np.corrcoef(made[there, 0], made[there, 2])[0, 1]) < 0.06


def test_the_same_seed_gives_the_same_rows():
    copula = Copula.fitted(rows(200), seed=0)
    assert np.array_equal(copula.sample(5, seed=1), copula.sample(5, seed=1), equal_nan=True)
    assert not np.array_equal(copula.sample(5, seed=1), copula.sample(5, seed=2), equal_nan=True)


def test_a_column_of_one_value_does_no_harm():
    given = np.stack([np.arange(50), np.full(50, 7)], axis=1).astype(np.float32)
    assert (Copula.fitted(given, seed=0).sample(20, seed=0)[:, 1] == 7).all()
