"""A row for every input, in order, whatever is wrong with it; in every format; from a folder; under any name."""

import csv
import io
import json
import os
from pathlib import Path

import pytest
import small_data

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import StoppedError, UsageError


@pytest.fixture(scope="module")
def run(cache, tmp_path_factory):
    folder = small_data.class_folder(tmp_path_factory.mktemp("data") / "photos", per_class=30)
    return api.train(str(folder), budget="40steps", out=str(tmp_path_factory.mktemp("runs") / "photos"))


@pytest.fixture
def mixed(tmp_path):
    """Good, bad and missing files in turn, with a part of the error that each must give."""
    good = small_data.picture_bytes("PNG", "cross")
    contents = {
        "good.png": (good, ""),
        "cut.png": (good[: len(good) // 2], "truncated"),
        "page.png": (b"<!DOCTYPE html><html>404</html>", "HTML page"),
        "empty.png": (b"", "empty"),
        "photo.jpg": (small_data.picture_bytes("JPEG", "circle"), ""),
        "missing.png": (None, "No such file"),
        "wrong suffix.txt": (small_data.picture_bytes("WEBP", "square"), ""),
    }
    for name, (data, _) in contents.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
    os.mkfifo(tmp_path / "pipe.png")
    named = {str(tmp_path / name): error for name, (_, error) in contents.items()}
    return named | {str(tmp_path / "pipe.png"): "pipe", str(tmp_path / "good.png" / "inside.png"): "Not a directory"}


def test_every_input_has_its_row_in_order(run, mixed):
    rows = run.predict(list(mixed))
    assert [Path(row["file"]) for row in rows] == [Path(path) for path in mixed]
    for row, part in zip(rows, mixed.values(), strict=True):
        assert part in row["error"], row
        assert bool(row["error"]) == bool(part), row
        assert ("label" in row) == (not part)


def test_a_row_holds_the_likeliest_classes(run, mixed):
    row = run.predict(list(mixed)[:1])[0]
    assert row["label"] in small_data.SHAPES
    assert row["top"][0]["label"] == row["label"]
    assert row["top"][0]["probability"] == pytest.approx(row["confidence"])
    assert sum(top["probability"] for top in row["top"]) == pytest.approx(1.0, abs=1e-5)


def test_an_answer_does_not_depend_on_its_neighbours(run, mixed):
    good = [path for path, error in mixed.items() if not error]
    together = {row["file"]: row for row in run.predict(list(mixed))}
    for path in good:
        alone = run.predict([path])[0]
        assert alone["label"] == together[path]["label"]
        assert alone["confidence"] == pytest.approx(together[path]["confidence"], abs=1e-4)


def read(path):
    """Return rows as texts, missing values as empty texts, whatever the format."""
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    from pyarrow import parquet

    return parquet.read_table(path).to_pylist()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_holds_every_row(run, mixed, tmp_path, suffix):
    out = tmp_path / f"rows{suffix}"
    rows = run.predict(list(mixed), out=str(out))
    written = read(out)
    assert [row["file"] for row in written] == [row["file"] for row in rows]
    assert [row["error"] for row in written] == [row["error"] for row in rows]
    assert [row.get("label") or "" for row in written] == [row.get("label", "") for row in rows]
    for row, expected in zip(written, rows, strict=True):
        if "confidence" in expected:
            assert float(row["confidence"]) == expected["confidence"]
            top = row["top"] if suffix == ".jsonl" else json.loads(row["top"])
            assert top == expected["top"]


def test_rows_that_are_all_errors_are_written_too(run, tmp_path):
    for suffix in (".csv", ".jsonl", ".parquet"):
        run.predict(["gone.png", "gone too.png"], out=str(tmp_path / f"rows{suffix}"))
        assert [row["file"] for row in read(tmp_path / f"rows{suffix}")] == ["gone.png", "gone too.png"]


def test_a_folder_stands_for_the_pictures_inside_by_name(run, tmp_path):
    folder = tmp_path / "new"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "sub/c.webp"):
        small_data.draw("cross", 7).save(folder / name)
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.png").write_bytes(b"")
    rows = run.predict([str(folder)])
    assert [Path(row["file"]).relative_to(folder).as_posix() for row in rows] == [
        "a.jpg",
        "b.png",
        "broken.png",
        "sub/c.webp",
    ]
    assert [bool(row["error"]) for row in rows] == [False, False, True, False]


def test_odd_names_come_back_readable_and_harmless(run, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    for name in small_data.ODD_NAMES:
        (folder / name).write_bytes(small_data.picture_bytes())
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(small_data.picture_bytes())
    for suffix in (".csv", ".jsonl", ".parquet"):
        rows = run.predict([str(folder)], out=str(tmp_path / f"rows{suffix}"))
        assert len(rows) == len(small_data.ODD_NAMES) + 1
        assert [row["error"] for row in rows] == [""] * len(rows)
        assert len(read(tmp_path / f"rows{suffix}")) == len(rows)
    names = " ".join(row["file"] for row in rows)
    assert "\n" not in names
    assert "\x07" not in names
    assert "🐱" in names
    assert "two\\nlines" in names


def test_no_cell_of_a_csv_is_a_formula(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("=1+1.png").write_bytes(small_data.picture_bytes())
    run.predict(["=1+1.png", "@gone.png"], out="rows.csv")
    cells = [cell for row in csv.reader(io.StringIO(Path("rows.csv").read_text("utf-8"), newline="")) for cell in row]
    assert "'=1+1.png" in cells
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")] == []


def test_an_unknown_format_is_refused_before_any_work(run, tmp_path):
    with pytest.raises(UsageError) as caught:
        run.predict(["gone.png"], out=str(tmp_path / "rows.xlsx"))
    assert ".parquet" in caught.value.fix


@pytest.mark.parametrize("files", [[], ["empty folder"]])
def test_nothing_to_predict_is_said(run, tmp_path, monkeypatch, files):
    monkeypatch.chdir(tmp_path)
    Path("empty folder").mkdir()
    with pytest.raises(UsageError):
        run.predict(files)


def test_a_file_that_cannot_be_written_is_exit_4(run, tmp_path, capsys):
    (tmp_path / "good.png").write_bytes(small_data.picture_bytes())
    words = ["predict", str(run.path), str(tmp_path / "good.png"), "-o", str(tmp_path / "no" / "rows.csv"), "--json"]
    assert main(words) == 4
    assert json.loads(capsys.readouterr().out)["exit_code"] == 4


def test_the_model_folder_alone_is_not_a_run(run, tmp_path, capsys):
    assert main(["predict", str(run.folder.model), "x.png", "--json"]) == 6
    assert "run" in json.loads(capsys.readouterr().out)["error"]


def test_stopped_while_predicting_writes_nothing(run, tmp_path):
    import signal

    from gnomon.core.events import Worked

    (tmp_path / "good.png").write_bytes(small_data.picture_bytes())

    def stop(event):
        if isinstance(event, Worked):
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError):
        api.predict(run, [str(tmp_path / "good.png")] * 65, out=str(tmp_path / "rows.csv"), emit=stop)
    assert not (tmp_path / "rows.csv").exists()
