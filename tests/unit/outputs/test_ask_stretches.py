"""Asking a model how strange the rows of a table are."""

import csv

import numpy as np
import pytest
from small_stretches import CPU, SERIES, model, rows, table

from gnomon.core.events import Said, silent
from gnomon.core.spec import Density, Normality, Series, Spec
from gnomon.outputs import predict as prediction
from gnomon.outputs.ask_stretches import AskStretches, channels_of
from gnomon.outputs.asking import asking


@pytest.fixture(scope="module")
def known():
    return model()


def asked(known, *paths, emit=silent):
    ask = asking(known, emit)
    return ask, list(prediction.predict(known, ask, ask.paths([str(path) for path in paths]), emit=silent))


def test_each_row_of_the_table_has_its_answer_in_order(known, tmp_path):
    values = rows(60, seed=3)
    values[40, 0] += 30
    _, answers = asked(known, table(tmp_path / "new.csv", values))
    assert len(answers) == 60
    assert [one["time"] for one in answers[:2]] == ["2026-01-01 00:00:00", "2026-01-01 01:00:00"]
    strangest = max(answers, key=lambda one: one["score"])
    assert answers.index(strangest) in (39, 40, 41)
    assert strangest["channel"] == "load"
    assert strangest["anomalous"]
    assert strangest["p_value"] == min(one["p_value"] for one in answers)
    assert answers[3]["values"]["wind"] == pytest.approx(values[3, 1], abs=1e-4)


def test_usual_rows_have_p_values_that_are_spread_out(known, tmp_path):
    _, answers = asked(known, table(tmp_path / "new.csv", rows(400, seed=9)))
    found = np.array([one["p_value"] for one in answers])
    assert 0.3 < found.mean() < 0.7
    assert (found <= 0.05).mean() < 0.2


def test_the_table_that_is_written_has_a_line_a_row(known, tmp_path):
    ask, answers = asked(known, table(tmp_path / "new.csv"))
    for name in ("scores.csv", "scores.parquet", "scores.jsonl"):
        prediction.write(answers, ask, tmp_path / name)
    lines = list(csv.DictReader((tmp_path / "scores.csv").read_text().splitlines()))
    assert len(lines) == 60
    assert list(lines[0])[:6] == ["file", "time", "load", "wind", "load (expected)", "wind (expected)"]
    assert float(lines[5]["load"]) == pytest.approx(rows(60, seed=3)[5, 0], abs=1e-4)
    assert lines[0]["anomalous"] in ("True", "False")


def test_short_tables_are_answered_with_a_word_about_it(known, tmp_path):
    said = []
    _, answers = asked(known, table(tmp_path / "new.csv", rows(5)), emit=said.append)
    assert len(answers) == 5
    assert all(not one["error"] for one in answers)
    assert any(isinstance(one, Said) and "has 5 rows, a window of the model 12" in one.text for one in said)


def test_files_that_do_not_fit_have_a_row_with_their_error(known, tmp_path):
    (tmp_path / "other.csv").write_text("time,load\n" + "\n".join(f"2026-01-0{k},1.{k}" for k in range(1, 9)))
    (tmp_path / "none.csv").write_text("")
    ask, answers = asked(known, tmp_path / "other.csv", tmp_path / "none.csv", tmp_path / "gone.csv")
    assert len(answers) == 3
    assert "has no column 'wind'" in answers[0]["error"]
    assert all(one["error"] for one in answers)
    prediction.write(answers, ask, tmp_path / "scores.csv")


def test_a_channel_that_is_called_as_an_answer_is_told_apart(known):
    from dataclasses import replace

    series = replace(SERIES, names=("score", "wind"))
    ask = AskStretches(replace(known, spec=Spec(input=series, target=Normality())))
    assert ask.given_names() == ["score (value)", "wind"]
    assert len({column.name for column in ask.columns}) == len(ask.columns)


def test_a_model_that_draws_answers_without_a_verdict(tmp_path):
    drawing = model(Density())
    _, answers = asked(drawing, table(tmp_path / "new.csv"))
    assert len(answers) == 60
    assert "anomalous" not in answers[0]
    assert 0 < answers[0]["p_value"] <= 1


def test_labelled_series_have_a_row_each(tmp_path):
    folder = tmp_path / "u"
    folder.mkdir()
    lines = ["1\t" + "\t".join(f"{value:.3f}" for value in rows(12, seed=k)[:, 0]) for k in range(3)]
    (folder / "U_TEST.tsv").write_text("\n".join(lines) + "\n")
    (folder / "U_TRAIN.tsv").write_text("\n".join(lines) + "\n")
    from dataclasses import replace

    from small_stretches import network

    series = Series(names=("value",), length=12, mean=(0.0,), deviation=(1.0,))
    made = model(samples="series")
    lone = replace(
        made,
        spec=Spec(input=series, target=Normality()),
        network=_alone(series),
        task=made.task,
    )
    ask, answers = asked(lone, folder / "U_TEST.tsv")
    assert [one["error"] for one in answers] == ["", "", ""]
    assert {"score", "p_value", "nll_per_value"} <= set(answers[0])
    assert ask.lines(answers[0])[0]["file"].endswith("#U_TEST.tsv#0")
    assert network is not None


def _alone(series):
    import torch
    from small_stretches import CONFIG

    from gnomon.layers.vae_series import SeriesVae

    torch.manual_seed(0)
    return SeriesVae(series, Normality(), CONFIG).to(CPU).eval()


def test_channels_are_taken_by_name(tmp_path):
    from gnomon.data import opening

    path = tmp_path / "new.csv"
    path.write_text("time,wind,load\n" + "\n".join(f"2026-01-0{k},{k},{k + 10}" for k in range(1, 9)))
    raw = opening.read(str(path))
    found = channels_of(raw, next(iter(raw.splits.values())), SERIES)
    assert found[0].tolist() == [11.0, 1.0]
