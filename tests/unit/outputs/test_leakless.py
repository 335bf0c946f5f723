"""What a linear model scores without columns that tell the target by themselves."""

import numpy as np
import pyarrow as pa
import pytest

from gnomon.core.config import DataConfig
from gnomon.data import split, tableprep, tableset
from gnomon.data.tableset import Found, Part
from gnomon.outputs import evaluate, leakless
from gnomon.tasks import classify


def task_for(spec):
    return classify.Task(classify.Config(), spec)


def tables(tmp_path, *, leaks):
    draw = np.random.default_rng(0)
    x = draw.normal(size=600)
    labels = (x + draw.normal(size=600) > 0).astype(int)
    columns = {"x": x, "z": draw.normal(size=600), "y": np.array(["no", "yes"])[labels]}
    if leaks:
        columns["after"] = labels + 0.01 * draw.normal(size=600)
    table = pa.table({name: [str(value) for value in values] for name, values in columns.items()})
    part = Part(split="all", name="t.csv", table=table)
    found = Found(reader="tables", path=tmp_path, name="t", parts=[part], types={})
    config = DataConfig(path="t", target="y")
    raw = split.split(tableset.dataset(found, config), "auto", 0)
    prepared, _ = tableprep.prepare(raw, tableprep.TableConfig(), cache_dir=tmp_path)
    return raw, prepared, task_for(prepared.spec)


def test_the_score_with_and_without_the_column(tmp_path):
    raw, prepared, task = tables(tmp_path, leaks=True)
    with_it = evaluate.baselines(task, prepared, seed=0)[-1]
    (without,) = leakless.baselines(task_for, raw, prepared, seed=0)
    assert without["name"] == "logistic regression without 'after'"
    assert with_it["scores"]["accuracy"]["value"] == pytest.approx(1.0)
    assert 0.6 < without["scores"]["accuracy"]["value"] < 0.9


def test_nothing_is_told_where_no_column_is_suspected(tmp_path):
    raw, prepared, _ = tables(tmp_path, leaks=False)
    assert leakless.baselines(task_for, raw, prepared, seed=0) == []
