"""Linear models that are solved rather than trained: ridge regression and multinomial logistic regression.

How much large weights cost is chosen by what comes out for rows that a model was not fitted to. All in float64.

Sources: Hoerl and Kennard, "Ridge regression", Technometrics 12, 1970, equation 2.1; Cox, "The regression analysis of
binary sequences", JRSS B 20, 1958; Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of
Statistical Mathematics 44, 1992, equation 2.6 (the second derivatives).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

RIDGE_PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
SOFTMAX_PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1.0)
"""What the squares of weights cost beside the mean loss, of which one is chosen."""
FOLDS = 5

_ROUNDS = 20
_HALVINGS = 8
_CLOSE = 1e-9
_OFFSET_PENALTY = 1e-6
"""Offsets of all classes could be raised together for nothing; this keeps them where they are."""

Solve = Callable[[Tensor, Tensor, float], Tensor]


def ridge(columns: Tensor, values: Tensor) -> Tensor:
    """Return the weights of ridge regression on standardised columns ``(n, d)`` for values ``(n,)``: ``(1, d + 1)``.

    The last weight is the offset.
    """
    return _best(columns, values, RIDGE_PENALTIES, _ridge, lambda answers, true: F.mse_loss(answers[:, 0], true))


def softmax(columns: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Return the weights of logistic regression on standardised columns ``(n, d)``, ``(classes, d + 1)``.

    ``labels (n,)`` are class indices; the last weight of each class is its offset.
    """

    def solve(some: Tensor, true: Tensor, penalty: float) -> Tensor:
        return _newton(some, true, num_classes, penalty)

    return _best(columns, labels, SOFTMAX_PENALTIES, solve, F.cross_entropy)


def answers_of(columns: Tensor, weights: Tensor) -> Tensor:
    """Return what weights ``(k, d + 1)`` say of columns ``(n, d)``: ``(n, k)``."""
    return columns @ weights[:, :-1].T + weights[:, -1]


def _best(
    columns: Tensor,
    targets: Tensor,
    penalties: tuple[float, ...],
    solve: Solve,
    cost: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Return the solution for all rows, with the penalty that costs least on folds that were left out."""
    if len(columns) < 2 * FOLDS:
        return solve(columns, targets, 1.0)
    folds = torch.randperm(len(columns), generator=torch.Generator().manual_seed(0)) % FOLDS
    costs = []
    for penalty in penalties:
        total = 0.0
        for fold in range(FOLDS):
            kept, left = folds != fold, folds == fold
            weights = solve(columns[kept], targets[kept], penalty)
            total += float(cost(answers_of(columns[left], weights), targets[left])) * int(left.sum())
        costs.append(total)
    return solve(columns, targets, penalties[costs.index(min(costs))])


def _ridge(columns: Tensor, values: Tensor, penalty: float) -> Tensor:
    mean, centre = values.mean(), columns.mean(0)
    centred = columns - centre
    gram = centred.T @ centred + penalty * len(columns) * torch.eye(columns.shape[1], dtype=columns.dtype)
    weights = torch.linalg.solve(gram, centred.T @ (values - mean))
    return torch.cat([weights, (mean - centre @ weights)[None]])[None]


def _newton(columns: Tensor, labels: Tensor, num_classes: int, penalty: float) -> Tensor:
    """Minimise the mean cross-entropy and ``penalty / 2`` times the squared weights, by Newton's steps."""
    padded = F.pad(columns, (0, 1), value=1.0)
    true = F.one_hot(labels, num_classes).to(columns.dtype)
    costs = torch.full((num_classes, padded.shape[1]), penalty, dtype=columns.dtype)
    costs[:, -1] = _OFFSET_PENALTY
    weights = torch.zeros_like(costs)

    def objective(at: Tensor) -> float:
        return float(F.cross_entropy(padded @ at.T, labels) + (costs * at.square()).sum() / 2)

    value = objective(weights)
    for _ in range(_ROUNDS):
        shares = (padded @ weights.T).softmax(1)
        slope = (shares - true).T @ padded / len(padded) + costs * weights
        step = torch.linalg.solve(_curvature(padded, shares, costs), slope.flatten()).view_as(weights)
        for halving in range(_HALVINGS):
            tried = weights - step / 2**halving
            if (found := objective(tried)) <= value:
                break
        else:
            return weights
        done = value - found < _CLOSE
        weights, value = tried, found
        if done:
            break
    return weights


def _curvature(padded: Tensor, shares: Tensor, costs: Tensor) -> Tensor:
    """Return the second derivatives by all weights, ``(classes (d + 1), classes (d + 1))``."""
    count, width = shares.shape[1], padded.shape[1]
    found = torch.zeros(count, width, count, width, dtype=padded.dtype)
    for one in range(count):
        for other in range(one, count):
            spread = shares[:, one] * (float(one == other) - shares[:, other])
            block = (padded * spread[:, None]).T @ padded / len(padded)
            found[one, :, other] = block
            found[other, :, one] = block.T
    square = found.view(count * width, count * width)
    square.diagonal().add_(costs.flatten())
    return square
