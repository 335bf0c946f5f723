import numpy as np
import pytest
from fake_sequence_runs import FakeCurves, FakeForecast

from gnomon.outputs.record import read_record
from gnomon.outputs.seriessections import class_glance, forecasts, glance, horizon, worst


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return FakeForecast(tmp_path_factory.mktemp("run"))


def test_the_whole_series_is_shown_with_its_splits(fake):
    found = glance(read_record(fake.run), fake.examples)
    assert [(part["name"], part["n"], round(part["start"])) for part in found["parts"]] == [
        ("train", 1440, 0), ("valid", 480, 60), ("test", 480, 80),
    ]  # fmt: skip
    assert found["parts"][0]["first"] == "2026-01-01 00:00"
    assert [channel["name"] for channel in found["channels"]] == ["load", "heat"]


def test_a_long_series_is_read_in_steps(fake, monkeypatch):
    monkeypatch.setattr("gnomon.outputs.seriessections._MOST_ROWS", 100)
    asked = []

    def samples(split, indices):
        asked.append(len(indices))
        return fake.examples.samples(split, indices)

    from dataclasses import replace

    glance(read_record(fake.run), replace(fake.examples, samples=samples))
    assert sum(asked) <= 103


def test_forecasts_are_drawn_with_what_they_stand_for(fake):
    found = forecasts(read_record(fake.run))
    assert [row["title"] for row in found["rows"]] == ["load", "heat", "load"]
    assert found["rows"][0]["remark"].startswith("typical, MSE 0.")
    assert found["rows"][2]["remark"].startswith("among the worst, MSE ")
    assert found["level"] == 0.8


def test_errors_by_step_and_channel(fake):
    found = horizon(read_record(fake.run))
    assert [line["label"] for line in found["chart"]["lines"]] == ["this model", "last season"]
    assert found["columns"] == ["MSE", "MAE, original unit", "Coverage"]
    assert [row["name"] for row in found["channels"]] == ["load", "heat"]
    assert found["channels"][0]["cells"][2][1].endswith("%")


def test_without_an_evaluation_nothing_is_drawn(tmp_path):
    record = read_record(FakeForecast(tmp_path, finished=False).run)
    assert forecasts(record) == horizon(record) == {}


def test_labelled_series_are_drawn_by_class_and_so_are_mistakes(tmp_path):
    fake = FakeCurves(tmp_path)
    record = read_record(fake.run)
    found = class_glance(record, fake.examples)
    assert [row["name"] for row in found["rows"]] == ["slow", "fast", "broken"]
    assert all(row["svg"].count("<path") == 8 for row in found["rows"])
    rows = worst(record, fake.examples)["rows"]
    wrong = sum(np.sum(row) for row in record.evaluation["details"]["test"]["confusion"]) - sum(
        row[k] for k, row in enumerate(record.evaluation["details"]["test"]["confusion"])
    )
    assert len(rows) == wrong > 0
    assert all(row["svg"].count("<path") == 1 for row in rows)
