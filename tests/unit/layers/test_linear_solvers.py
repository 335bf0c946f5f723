"""Linear models that are solved: against scikit-learn's, and by hand."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from gnomon.layers import linear_solvers


def rows(count=200, width=4, seed=0):
    draw = torch.Generator().manual_seed(seed)
    columns = torch.randn(count, width, generator=draw, dtype=torch.float64)
    return columns, columns @ torch.tensor([1.0, -2.0, 0.5, 0.0], dtype=torch.float64)


def test_ridge_is_that_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(linear_solvers, "RIDGE_PENALTIES", (0.1,))
    columns, line = rows()
    values = line + 3
    found = linear_solvers.ridge(columns, values)[0]
    peer = Ridge(alpha=0.1 * len(columns)).fit(columns.numpy(), values.numpy())
    np.testing.assert_allclose(found[:-1], peer.coef_, rtol=1e-8, atol=1e-10)
    assert float(found[-1]) == pytest.approx(peer.intercept_)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_logistic_regression_says_what_that_of_scikit_learn_says(monkeypatch, num_classes):
    monkeypatch.setattr(linear_solvers, "SOFTMAX_PENALTIES", (0.01,))
    columns, line = rows()
    labels = torch.bucketize(line, torch.linspace(-1, 1, num_classes + 1, dtype=torch.float64)[1:-1])
    weights = linear_solvers.softmax(columns, labels, num_classes)
    found = linear_solvers.answers_of(columns, weights).softmax(1)
    # Of two classes scikit-learn has one weight where there are two here, of half its size.
    strength = 1 / (len(columns) * 0.01) * (2 if num_classes == 2 else 1)
    peer = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(columns.numpy(), labels.numpy())
    np.testing.assert_allclose(found, peer.predict_proba(columns.numpy()), atol=1e-5)


def test_the_penalty_is_the_one_that_is_best_on_rows_left_out():
    columns, line = rows(count=60)
    assert float(linear_solvers.ridge(columns, line)[0, 1]) == pytest.approx(-2, rel=1e-3)
    noise = torch.randn(60, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert linear_solvers.ridge(columns, noise)[0, :-1].abs().max() < 0.3


def test_classes_that_can_be_told_apart_by_a_line_and_classes_that_never_come():
    columns = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
    weights = linear_solvers.softmax(columns, (columns[:, 0] > 0).long(), 3)
    answers = linear_solvers.answers_of(columns, weights)
    assert torch.isfinite(weights).all()
    assert (answers.argmax(1) == (columns[:, 0] > 0)).all()
    assert (answers.softmax(1)[:, 2] < 0.05).all()


def test_few_rows_get_the_firm_penalty():
    columns = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    assert linear_solvers.ridge(columns, torch.tensor([0.0, 2.0], dtype=torch.float64)).tolist() == [[0.5, 1.0]]
