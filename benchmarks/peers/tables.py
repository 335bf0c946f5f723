"""What people use on tables, with its defaults: fit on FOLDER/train.csv, measured on FOLDER/test.csv.

python benchmarks/peers/tables.py lightgbm FOLDER --target income
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

BOOSTED = ("lightgbm", "xgboost", "catboost", "histgb")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=(*BOOSTED, "mlp", "linear"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    train, test = (read(args.folder / f"{name}.csv") for name in ("train", "test"))
    started_s = time.monotonic()
    x, y, more, true, kinds = encoded(train, test, args.target, number=args.number)
    model = make(args.who, args.number, kinds, args.seed)
    model.fit(x, y)
    fit_s = time.monotonic() - started_s
    found = np.asarray(model.predict(more))
    if args.number:
        scores = {"rmse": float(np.sqrt(((found - true) ** 2).mean())), "mae": float(np.abs(found - true).mean())}
    else:
        scores = {"accuracy": float((found == true).mean())}
    print(json.dumps({"scores": scores, "fit_s": fit_s}))


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="") as lines:
        names, *rows = csv.reader(lines)
    return names, rows


def encoded(train: Any, test: Any, target: str, *, number: bool) -> tuple[Any, ...]:
    """Return numbers, NaN where one is missing, and categories as codes, with which columns are categories."""
    names, rows = train
    place = names.index(target)
    kinds, parts = [], []
    for index in range(len(names)):
        if index == place:
            continue
        cells = [[row[index] for row in some] for some in (rows, test[1])]
        try:
            parts.append([np.array([float(cell) if cell not in ("", "?") else np.nan for cell in c]) for c in cells])
            kinds.append(False)
        except ValueError:
            codes = {value: code for code, value in enumerate(sorted(set(cells[0])))}
            parts.append([np.array([codes.get(cell, np.nan) for cell in c], float) for c in cells])
            kinds.append(True)
    x, more = (np.stack([part[k] for part in parts], axis=1) for k in (0, 1))
    labels = [[row[place] for row in some] for some in (rows, test[1])]
    if number:
        y, true = (np.array(some, float) for some in labels)
    else:
        classes = sorted(set(labels[0]))
        y, true = (np.array([classes.index(label) for label in some]) for some in labels)
    return x, y, more, true, kinds


def make(who: str, number: bool, kinds: list[bool], seed: int) -> Any:
    if who == "lightgbm":
        import lightgbm

        model = (lightgbm.LGBMRegressor if number else lightgbm.LGBMClassifier)(verbose=-1, random_state=seed)
        return Categorical(model, [k for k, is_category in enumerate(kinds) if is_category])
    if who == "xgboost":
        import xgboost

        types = ["c" if is_category else "q" for is_category in kinds]
        about = {"enable_categorical": True, "feature_types": types, "random_state": seed}
        return (xgboost.XGBRegressor if number else xgboost.XGBClassifier)(**about)
    if who == "catboost":
        import catboost

        model = (catboost.CatBoostRegressor if number else catboost.CatBoostClassifier)(
            random_seed=seed, verbose=False, allow_writing_files=False
        )
        return Named(model, [k for k, is_category in enumerate(kinds) if is_category])
    from sklearn import ensemble, linear_model, neural_network

    if who == "histgb":
        boosted = ensemble.HistGradientBoostingRegressor if number else ensemble.HistGradientBoostingClassifier
        return boosted(categorical_features=kinds, random_state=seed)
    if who == "mlp":
        model = (neural_network.MLPRegressor if number else neural_network.MLPClassifier)(random_state=seed)
    else:
        model = (
            linear_model.RidgeCV(np.logspace(-3, 3, 13)) if number else linear_model.LogisticRegression(max_iter=1000)
        )
    return piped(model, kinds, scaled=number)


class Categorical:
    """LightGBM, told which columns are categories."""

    def __init__(self, model: Any, columns: list[int]) -> None:
        self.model, self.columns = model, columns

    def fit(self, x: Any, y: Any) -> None:
        self.model.fit(x, y, categorical_feature=self.columns or "auto")

    def predict(self, x: Any) -> Any:
        return self.model.predict(x)


class Named:
    """CatBoost, whose categories are names rather than codes; one that is new or missing has a name too."""

    def __init__(self, model: Any, columns: list[int]) -> None:
        self.model, self.columns = model, columns

    def fit(self, x: Any, y: Any) -> None:
        self.model.fit(self._named(x), y, cat_features=self.columns)

    def predict(self, x: Any) -> Any:
        return np.asarray(self.model.predict(self._named(x))).reshape(-1)

    def _named(self, x: Any) -> Any:
        if not self.columns:
            return x
        cells = x.astype(object)
        for column in self.columns:
            cells[:, column] = [str(int(code)) if np.isfinite(code) else "none" for code in x[:, column]]
        return cells


def piped(model: Any, kinds: list[bool], *, scaled: bool) -> Any:
    """Return a model behind one-hot categories and standardised numbers; a number to foresee is standardised too."""
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = [k for k, is_category in enumerate(kinds) if is_category]
    others = [k for k, is_category in enumerate(kinds) if not is_category]
    columns = ColumnTransformer(
        [("numbers", numbers, others), ("categories", OneHotEncoder(handle_unknown="ignore"), categories)]
    )
    found = make_pipeline(columns, model)
    return TransformedTargetRegressor(found, transformer=StandardScaler()) if scaled else found


if __name__ == "__main__":
    main()
