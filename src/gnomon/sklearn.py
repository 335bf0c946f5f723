"""Gnomon as estimators of scikit-learn: ``GnomonClassifier(budget="60s").fit(X, y)``.

A fit is a training like any other: the table goes to a run folder of its own, which is removed afterwards unless
``run`` names one. The estimator keeps the finished model, so that it can be pickled and copied.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from gnomon.core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from gnomon.assemble import Model

Floats = npt.NDArray[np.float64]

_TARGET = "target"
_ROWS_AT_ONCE = 4096


class _Gnomon(BaseEstimator):
    """What both estimators share: a fit is a training, and the finished model is asked for the rest."""

    _task = ""

    def __init__(
        self,
        budget: str = "60s",
        *,
        seed: int = 0,
        valid_share: float = 0.1,
        settings: tuple[str, ...] = (),
        run: str | None = None,
    ) -> None:
        self.budget = budget
        self.seed = seed
        self.valid_share = valid_share
        self.settings = settings
        self.run = run

    def __sklearn_tags__(self) -> Any:
        """Return what the estimator can do: missing values, and columns of texts in a table, are fine."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.non_deterministic = False
        return tags

    def _train(self, X: Any, targets: pa.Array) -> None:
        """Train on columns and their targets; keep the model and the names that the columns have in it."""
        from gnomon import api, assemble

        table = _table(X)
        numbers = [name for name in table.column_names if _is_number(table.column(name).type)]
        share = float(self.valid_share)
        # What X holds is the caller's choice: numbers are numbers, and a column that tells y is no mistake.
        settings = ["table.copies=keep", *([f"reader.numbers={','.join(numbers)}"] if numbers else [])]
        with tempfile.TemporaryDirectory(prefix="gnomon-") as folder:
            try:
                run = api.train(
                    table.append_column(_TARGET, targets),
                    target=_TARGET,
                    task=self._task,
                    budget=self.budget,
                    seed=self.seed,
                    split=f"{1 - share:g},{share:g},0",
                    settings=(*settings, *self.settings),
                    out=str(Path(folder) / "run") if self.run is None else self.run,
                )
            except DataError as error:
                raise ValueError(f"{error} (n_samples={len(table)})") from error  # what everybody expects of a fit
            self.model_: Model = assemble.load_model(run.folder.model)
            self.model_.network.double()  # so that a row gets the same answer to the last digit in whatever batch
            self.scores_ = run.scores

    def _validated(self, X: Any, **about: Any) -> Any:
        """Return the inputs as finite numbers, or a table that holds texts as it is; checks names and counts."""
        if _holds_texts(X):
            _check_feature_names(self, X, reset=bool(about))
            _check_n_features(self, X, reset=bool(about))
            return X
        return validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=bool(about))

    def _answers(self, X: Any) -> npt.NDArray[np.float32]:
        """Return what the task keeps of the model's answers for rows, the temperature applied."""
        import torch

        from gnomon.core.spec import Batch
        from gnomon.data import tableprep
        from gnomon.data.cells import Cells
        from gnomon.training import infer

        check_is_fitted(self)
        model = self.model_
        rows = tableprep.encode(Cells(_table(self._validated(X))), model.preparation)
        batches = (
            Batch(
                inputs=torch.from_numpy(rows[start : start + _ROWS_AT_ONCE]).double().to(model.precision.device),
                targets=torch.zeros(0),
                ids=np.arange(start, min(start + _ROWS_AT_ONCE, len(rows))),
            )
            for start in range(0, len(rows), _ROWS_AT_ONCE)
        )
        kept = infer.outputs(model.network, batches, precision=model.precision, keep=model.task.keep)
        tempered: npt.NDArray[np.float32] = model.task.tempered(kept, model.temperature)
        return tempered


class GnomonClassifier(ClassifierMixin, _Gnomon):
    """A classifier on rows of numbers, or on a table that also holds categories, dates and texts.

    ``budget`` is what a fit may take: a wall time (``60s``) or a number of steps or epochs; with a time, two fits do
    not make the same number of steps. ``valid_share`` of the rows are held back to watch the training and to set the
    temperature. ``settings`` are those of ``gnomon train --set``, and ``run`` is a folder in which to leave the run.

    After a fit: ``classes_``, ``model_``, and ``scores_`` on the rows that were held back.
    """

    _task = "classify"

    def fit(self, X: Any, y: Any) -> GnomonClassifier:
        """Train on ``X (rows, columns)``, NaN where a number is missing, and labels ``y (rows,)``.

        Raises ``ValueError`` where they cannot be learned from.
        """
        X, y = _both(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("a classifier needs more than one class: y has 1 class")
        import pyarrow as pa

        self._train(X, pa.array([f"class {code}" for code in codes.tolist()]))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each of ``classes_``, ``(rows, classes)``."""
        logits = self._answers(X).astype(np.float64)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        known = [int(name.rpartition(" ")[2]) for name in self.model_.spec.target.classes]  # type: ignore[union-attr]
        found = np.zeros((len(logits), len(self.classes_)))
        found[:, known] = exponents / exponents.sum(axis=1, keepdims=True)
        return found

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest label of each row, ``(rows,)``."""
        check_is_fitted(self)
        labels: npt.NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


class GnomonRegressor(RegressorMixin, _Gnomon):
    """A regressor on rows of numbers, or on a table that also holds categories, dates and texts.

    The settings are those of `GnomonClassifier`. After a fit: ``model_``, and ``scores_`` on the rows held back.
    """

    _task = "regress"

    def fit(self, X: Any, y: Any) -> GnomonRegressor:
        """Train on ``X (rows, columns)``, NaN where a number is missing, and numbers ``y (rows,)``.

        Raises ``ValueError`` where they cannot be learned from.
        """
        import pyarrow as pa

        X, y = _both(self, X, y, y_numeric=True)
        self._train(X, pa.array(np.asarray(y, np.float64)))
        return self

    def predict(self, X: Any) -> Floats:
        """Return a number for each row, ``(rows,)``."""
        return self._in_units(X)[:, 0]

    def predict_interval(self, X: Any) -> Floats:
        """Return the range in which four in five of the numbers should lie, ``(rows, 2)``."""
        return self._in_units(X)[:, [1, -1]]

    def _in_units(self, X: Any) -> Floats:
        answers = self._answers(X).astype(np.float64)
        target = self.model_.spec.target
        found: Floats = answers * target.deviation + target.mean  # type: ignore[union-attr]
        return found


def _both(estimator: _Gnomon, X: Any, y: Any, *, y_numeric: bool = False) -> tuple[Any, npt.NDArray[Any]]:
    """Return inputs and targets, checked; a table that holds texts stays as it is."""
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    if not _holds_texts(X):
        X, y = validate_data(estimator, X, y, ensure_all_finite="allow-nan", dtype=np.float64, y_numeric=y_numeric)
        return X, y
    _check_feature_names(estimator, X, reset=True)
    _check_n_features(estimator, X, reset=True)
    y = column_or_1d(y, warn=True)
    if len(y) != len(X):
        raise ValueError(f"there are {len(X)} rows and {len(y)} targets")
    return X, y


def _holds_texts(X: Any) -> bool:
    """Return whether the inputs are a table with columns that are no numbers."""
    from gnomon.data import handed

    if not isinstance(X, handed.ArrowStream):
        return False
    return not all(_is_number(field.type) for field in handed.table_of(X).schema)


def _table(X: Any) -> pa.Table:
    """Return inputs as a table whose columns are called ``x0``, ``x1``, …, so that no name means anything."""
    import pyarrow as pa

    from gnomon.data import handed

    if isinstance(X, np.ndarray):
        columns = [pa.array(column, mask=np.isnan(column)) for column in X.T]
    else:
        columns = handed.table_of(X).columns
    return pa.table(columns, names=[f"x{index}" for index in range(len(columns))])


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
