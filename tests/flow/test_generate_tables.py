"""A table without a target: learned, made anew, measured beside real rows; and rows that do not belong, found."""

import csv

import pytest
import small_rows
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import DataError, UsageError

QUICK = {
    "budget": "30steps",
    "settings": (
        "family.widths=[16]",
        "family.latents=[4]",
        "family.components=5",
        "train.batch_size=32",
        "task.importance_samples=3",
    ),
}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "people.csv"
    arrow_csv.write_csv(small_rows.table(400), path)
    return path


@pytest.fixture(scope="module")
def run(cache, people, tmp_path_factory):
    said = []
    out = str(tmp_path_factory.mktemp("runs") / "people")
    made = api.train(str(people), task="generate", out=out, emit=said.append, **QUICK)
    told = " ".join(getattr(event, "text", "") for event in said)
    assert "the column 'class' is taken for the class of a row" in told
    assert "1 column is left out: id" in told
    return made


def test_a_table_is_learned_and_measured(run):
    scores = run.scores["test"]
    assert scores["nll"]["value"] > 0
    baseline = run.evaluation["baselines"][0]
    assert baseline["name"] == "column by column"
    report = run.folder.report.read_text()
    for anchor in ("made", "marginals", "ties", "strange"):
        assert f'<section class="chapter" id="{anchor}"' in report
    assert "The model made nothing yet" not in report and "too few to compare" not in report
    assert "gnomon generate" in report and "synthetic.csv" in report


def test_rows_are_made_into_files(run, people, tmp_path, capsys):
    out = tmp_path / "made.csv"
    assert main(["generate", str(run.path), "--count", "50", "--seed", "5", "-o", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["age", "city", "debt", "since", "country", "class"]
    assert len(rows) == 50
    ages = small_rows.table(400).column("age").to_pylist()
    assert all(row["age"].isdigit() and min(ages) <= int(row["age"]) <= max(ages) for row in rows)
    assert {row["city"] for row in rows} <= {*small_rows.CITIES, "Bonn"}
    assert run.synthesise(20, seed=5).column("city").to_pylist() == [row["city"] for row in rows[:20]]
    other = tmp_path / "rich.parquet"
    assert main(["generate", str(run.path), "--class", "rich", "--count", "5", "-o", str(other)]) == 0
    assert parquet.read_table(other).column("class").to_pylist() == ["rich"] * 5
    assert main(["generate", str(run.path), "--like", str(people), "-o", str(tmp_path / "like.tsv")]) == 0
    assert len((tmp_path / "like.tsv").read_text().splitlines()) == 401
    capsys.readouterr()


@pytest.mark.parametrize(
    "words",
    [[], ["--prompt", "x", "-o", "a.csv"], ["--between", "a", "b", "-o", "a.csv"], ["--class", "x", "-o", "a.csv"]],
)
def test_what_means_nothing_for_tables_is_refused(run, words, capsys):
    assert main(["generate", str(run.path), *words]) == 2
    assert "fix:" in capsys.readouterr().err


def test_each_row_gets_answers_beside_it(run, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("age,city,debt,since,country\n30,Lima,,2019-06-01,X\n900,Lima,10.5,2019-06-01,X\n")
    rows = run.predict([str(path)], out=str(tmp_path / "scores.csv"))
    assert rows[1]["score"] > rows[0]["score"] + 20
    assert rows[0]["nll_bound"] == pytest.approx(rows[0]["reconstruction"] + rows[0]["kl"], rel=1e-4)
    with (tmp_path / "scores.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert list(written[0])[5:] == ["nll_bound", "reconstruction", "kl", "score", "p_value"]
    assert float(written[1]["p_value"]) < 0.05


def test_it_is_measured_at_length_and_on_other_data(run, people):
    found = run.evaluate()["scores"]["test"]
    assert {"nll", "marginal_distance", "synthetic_accuracy", "detection_auroc"} <= found.keys()
    assert run.evaluate(str(people))["scores"]["test"]["nll"]["n"] == 400


def test_what_is_no_part_of_the_usual_is_called_anomalous(cache, people, tmp_path):
    settings = (*QUICK["settings"][:4], 'density.anomalous=["rich"]', "task.false_alarms=0.1")
    run = api.train(str(people), task="anomaly", budget="30steps", settings=settings, out=str(tmp_path / "odd"))
    assert 0 <= run.scores["test"]["auroc"]["value"] <= 1
    names = {one["name"] for one in run.evaluation["baselines"]}
    assert {"column by column", "principal components"} <= names
    rows = run.predict([str(people)], out=str(tmp_path / "scores.parquet"))
    assert isinstance(rows[0]["anomalous"], bool)
    report = run.folder.report.read_text()
    assert "cells that make it strange" in report and "anomalies caught" in report


def test_a_number_as_a_target_is_a_column_like_others(cache, people, tmp_path):
    run = api.train(str(people), task="generate", target="age", out=str(tmp_path / "run"), **QUICK)
    assert "age" in run.synthesise(3).column_names


def test_a_table_of_one_row_is_refused(cache, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError):
        api.train(str(path), task="generate", out=str(tmp_path / "run"), **QUICK)


def test_an_unknown_target_is_told(cache, people, tmp_path):
    with pytest.raises((DataError, UsageError), match="clas"):
        api.train(str(people), task="generate", target="clas", out=str(tmp_path / "run"), **QUICK)
