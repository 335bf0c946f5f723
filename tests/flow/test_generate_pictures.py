"""A folder of pictures without classes: learned, drawn from, judged; and what does not belong, found and told."""

import csv
import json

import numpy as np
import pytest
import small_data
from PIL import Image

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import DataError, UsageError

QUICK = {
    "budget": "12steps",
    "settings": (
        "family.structure=flat",
        "family.widths=[32]",
        "family.latents=[8]",
        "train.batch_size=16",
        "task.importance_samples=2",
    ),
}


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    """Ninety pictures side by side, one of them broken."""
    folder = tmp_path_factory.mktemp("data") / "loose"
    folder.mkdir()
    for number in range(90):
        small_data.draw(small_data.SHAPES[number % 3], number).save(folder / f"{number}.png")
    (folder / "7.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def run(cache, loose, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("runs") / "loose")
    return api.train(str(loose), task="generate", max_bad=0.05, out=out, **QUICK)


@pytest.fixture(scope="module")
def labelled(cache, tmp_path_factory):
    folder = small_data.class_folder(tmp_path_factory.mktemp("data") / "shapes", per_class=60)
    out = str(tmp_path_factory.mktemp("runs") / "shapes")
    return api.train(str(folder), task="generate", out=out, **QUICK), folder


def test_without_a_task_loose_pictures_are_refused_and_told_what_can_be_done(cache, loose):
    with pytest.raises(DataError, match="their classes are unknown") as error:
        api.train(str(loose), budget="1steps")
    assert "--task generate" in error.value.fix


def test_loose_pictures_are_learned_and_measured(run):
    assert run.scores["test"]["bits_per_dim"]["value"] > 0
    report = run.folder.report.read_text()
    for anchor in ("drawn", "rebuilt", "latents", "strange"):
        assert f'<section class="chapter" id="{anchor}"' in report
    assert "The model drew nothing yet" not in report


def test_pictures_are_drawn_into_a_grid_and_a_folder(run, tmp_path, capsys):
    assert main(["generate", str(run.path), "--count", "10", "-o", str(tmp_path / "samples.png")]) == 0
    with Image.open(tmp_path / "samples.png") as grid:
        assert (grid.format, grid.mode) == ("PNG", "RGB")
        assert grid.size == (4 * (64 + 2) + 2, 3 * (64 + 2) + 2)
    assert main(["generate", str(run.path), "--count", "3", "--seed", "5", "-o", str(tmp_path / "one")]) == 0
    found = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert found == ["sample-0000.png", "sample-0001.png", "sample-0002.png"]
    pixels = np.asarray(Image.open(tmp_path / "one" / "sample-0001.png"))
    assert np.array_equal(pixels, run.draw(8, seed=5)[1])
    assert not np.array_equal(pixels, run.draw(8, seed=6)[1])
    capsys.readouterr()


def test_pictures_are_rebuilt_and_ways_are_drawn(run, loose, tmp_path):
    pair = [str(loose / "1.png"), str(loose / "2.png")]
    rebuilt = api.draw(run, like=pair, out=str(tmp_path / "rebuilt.png"))
    assert rebuilt.shape == (2, 16, 16, 3)
    way = api.draw(run, between=tuple(pair), count=5)
    assert np.array_equal(way[[0, -1]], rebuilt)
    with Image.open(tmp_path / "rebuilt.png") as grid:
        assert grid.size[1] == 2 * (64 + 2) + 2
    with pytest.raises(UsageError, match="this model knows no classes"):
        api.draw(run, label="circle")


def test_each_picture_gets_a_row_with_how_strange_it_is(run, loose, tmp_path):
    out = tmp_path / "scores.csv"
    rows = run.predict([str(loose / "1.png"), str(loose / "7.png"), str(loose / "2.png")], out=str(out))
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert 0 < rows[0]["p_value"] <= 1
    with out.open() as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == [
        "file", "nll_bound", "reconstruction", "kl", "bits_per_dim", "score", "p_value", "error",
    ]  # fmt: skip
    assert float(written[0]["nll_bound"]) == pytest.approx(rows[0]["reconstruction"] + rows[0]["kl"], rel=1e-4)
    assert written[1]["nll_bound"] == ""


def test_the_report_can_be_written_anew_and_shows_what_was_drawn_then(run):
    again = api.report(run).read_text()
    assert again == api.report(run).read_text()
    assert "The model drew nothing yet" not in again
    assert " --task generate --budget " in again


def test_a_model_that_was_told_classes_draws_the_one_that_is_asked_for(labelled):
    run, _ = labelled
    assert run.draw(3, label="cross").shape == (3, 16, 16, 3)
    with pytest.raises(UsageError, match="there is no class 'cros'") as error:
        run.draw(3, label="cros")
    assert "did you mean 'cross'?" in error.value.fix


def test_drawn_pictures_are_judged_by_a_classifier_that_gnomon_trained(labelled, tmp_path):
    run, folder = labelled
    judge = api.train(
        str(folder), budget="10steps", family="mlp", settings=("family.width=32",), out=str(tmp_path / "judge")
    )
    with pytest.raises(DataError, match="too few"):
        api.evaluate(run, judge=judge)
    found = api.evaluate(run, split="train", judge=judge)["scores"]["train"]
    assert {"precision", "recall", "frechet"} <= found.keys()
    assert json.loads(run.folder.fidelity.read_text())["judge"] == "judge"
    assert "In the eyes of the classifier judge" in api.report(run).read_text()
    with pytest.raises(UsageError, match="there is nothing to judge"):
        api.evaluate(judge, judge=run)


def test_what_is_no_part_of_the_usual_is_called_anomalous(cache, labelled, tmp_path):
    _, folder = labelled
    settings = (*QUICK["settings"][:4], 'density.anomalous=["square"]', "task.false_alarms=0.1")
    run = api.train(str(folder), task="anomaly", budget="12steps", settings=settings, out=str(tmp_path / "odd"))
    assert 0 <= run.scores["test"]["auroc"]["value"] <= 1
    (row,) = run.predict([str(next((folder / "square").iterdir()))], out=str(tmp_path / "scores.parquet"))
    assert isinstance(row["anomalous"], bool)
    report = run.folder.report.read_text()
    assert "Where to draw the line" in report and "anomalies caught" in report
    assert report.index('id="strange"') < report.index('id="drawn"')
