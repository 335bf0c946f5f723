from datetime import datetime, timedelta

import numpy as np
import pytest
import torch

from gnomon.assemble import Model
from gnomon.core import plugins
from gnomon.core.errors import UsageError
from gnomon.core.events import silent
from gnomon.data import opening, preparing, split
from gnomon.families import rnn
from gnomon.outputs import predict
from gnomon.outputs.ask_series import AskSeries
from gnomon.training.precision import Precision


def table(path, num_rows, *, start=0):
    first = datetime(2026, 1, 1)
    rows = ["time,load,wind"]
    for hour in range(start, start + num_rows):
        season = np.sin(2 * np.pi * hour / 24)
        rows.append(f"{first + timedelta(hours=hour)},{10 + 3 * season:.3f},{5 - season + 0.01 * hour:.3f}")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("GNOMON_CACHE", str(tmp_path / "cache"))
    raw = split.split(opening.read(str(table(tmp_path / "past.csv", 400))), "auto", 0)
    layers = [("user", {"series.horizon": 6, "series.lookback": 48})]
    prepared = preparing.prepare(raw, layers, cache_dir=tmp_path / "cache")
    spec = prepared.dataset.spec
    task = plugins.load("task", "forecast")
    torch.manual_seed(0)
    return Model(
        network=rnn.build(rnn.Config(width=8), spec).eval(),
        task=task.Task(task.Config(), spec),
        spec=spec,
        preparation=prepared.preparation,
        precision=Precision("fp32", torch.device("cpu")),
    )


def answered(model, *paths):
    asking = AskSeries(model)
    return asking, list(predict.predict(model, asking, asking.paths([str(path) for path in paths]), emit=silent))


def test_a_table_is_continued_from_its_last_row(model, tmp_path):
    asking, (row,) = answered(model, table(tmp_path / "new.csv", 60, start=400))
    assert row["times"][0] == "2026-01-20 04:00:00"
    assert len(row["times"]) == 6
    assert set(row["load"]) == {"forecast", "0.1", "0.5", "0.9"}
    assert np.isfinite(row["wind"]["forecast"]).all()
    lines = asking.lines(row)
    assert len(lines) == 6 * 2
    assert [line["channel"] for line in lines[:3]] == ["load", "wind", "load"]
    assert set(lines[0]) == {column.name for column in asking.columns}
    assert lines[1]["forecast"] == row["wind"]["forecast"][0]


def test_what_cannot_be_continued_keeps_its_row(model, tmp_path):
    (tmp_path / "other.csv").write_text("time,load\n" + "".join(f"2026-01-0{d},1\n" for d in range(1, 10)))
    asking, rows = answered(model, table(tmp_path / "short.csv", 20), tmp_path / "other.csv", tmp_path / "gone.csv")
    assert "the model looks at the last 48" in rows[0]["error"]
    assert "wind" in rows[1]["error"]
    assert rows[2]["error"]
    assert [len(asking.lines(row)) for row in rows] == [1, 1, 1]


def test_nothing_to_continue(model):
    with pytest.raises(UsageError, match="nothing to predict"):
        AskSeries(model).paths([])


def test_labelled_series_are_numbered_within_their_file(tmp_path, monkeypatch):
    monkeypatch.setenv("GNOMON_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name in ("TRAIN", "TEST"):
        rows = ["\t".join([str(1 + k % 2), *(f"{v:.3f}" for v in rng.normal(k % 2, 1, 24))]) for k in range(40)]
        (tmp_path / f"Hills_{name}.tsv").write_text("\n".join(rows) + "\n")
    raw = split.split(opening.read(str(tmp_path)), "auto", 0)
    prepared = preparing.prepare(raw, [], cache_dir=tmp_path / "cache")
    spec = prepared.dataset.spec
    task = plugins.load("task", "classify")
    known = Model(
        network=rnn.build(rnn.Config(width=8), spec).eval(),
        task=task.Task(task.Config(), spec),
        spec=spec,
        preparation=prepared.preparation,
        precision=Precision("fp32", torch.device("cpu")),
    )
    path = tmp_path / "Hills_TEST.tsv"
    _, rows = answered(known, path)
    assert [row["file"] for row in rows[:2]] == [f"{path}#0", f"{path}#1"]
    assert {row["label"] for row in rows} <= {"1", "2"}
