"""A class folder with three broken files in a hundred: trained, told, used; refused where less is allowed."""

import json

import pytest
import small_data

from gnomon import api
from gnomon.core.errors import DataError, ResourceError, UsageError
from gnomon.core.events import Said

QUICK = {"budget": "5steps", "family": "mlp", "settings": ("family.width=32",)}


@pytest.fixture(scope="module")
def photos(cache, tmp_path_factory):
    """Two hundred pictures and one, of three classes; six of them, three in a hundred, are broken."""
    folder = small_data.class_folder(tmp_path_factory.mktemp("data") / "photos", per_class=67)
    return folder, small_data.spoil(folder)


@pytest.fixture(scope="module")
def heard():
    return []


@pytest.fixture(scope="module")
def run(photos, heard, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("runs") / "photos")
    return api.train(str(photos[0]), budget="60steps", max_bad=0.05, out=out, emit=heard.append)


def test_the_broken_files_are_named_in_the_records_and_the_report(run, photos):
    broken = photos[1]
    assert len(broken) == 6
    skipped = [json.loads(line) for line in run.folder.skipped.read_text().splitlines()]
    assert sorted(record["id"] for record in skipped) == sorted(broken)
    assert all(record["reason"] for record in skipped)
    stored = json.loads(run.folder.data.read_text())
    assert stored["skipped"]["count"] == 6
    assert sorted(entry["id"] for entry in stored["skipped"]["first"]) == sorted(broken)
    report = run.folder.report.read_text()
    assert [name for name in broken if name not in report] == []


def test_each_reason_says_what_the_file_is(run):
    reasons = " ".join(json.loads(line)["reason"] for line in run.folder.skipped.read_text().splitlines())
    assert "HTML page" in reasons
    assert "empty" in reasons


def test_every_readable_picture_is_in_exactly_one_split(run, photos):
    stored = json.loads(run.folder.data.read_text())["splits"]
    assert set(stored) == {"train", "valid", "test"}
    assert sum(split["num_samples"] for split in stored.values()) == 201 - len(photos[1])
    indices = [index for split in stored.values() for index in split["indices"]]
    assert sorted(indices) == list(range(201 - len(photos[1])))


def test_it_learns_what_the_pictures_show(run):
    accuracy = run.scores["test"]["accuracy"]
    assert accuracy["value"] >= 0.8
    assert accuracy["low"] < accuracy["value"] <= accuracy["high"]
    baseline = run.evaluation["baselines"][0]
    assert baseline["scores"]["accuracy"]["value"] < 0.5


def test_guesses_are_told_with_the_flag_that_overrides_them(run, heard):
    guesses = [event.text for event in heard if isinstance(event, Said) and event.level == "guess"]
    assert any("is read as image_folder" in text for text in guesses)
    assert any("--split" in text for text in guesses)


def test_the_model_knows_new_pictures_by_the_names_of_the_folders(run, tmp_path):
    paths = []
    for shape in small_data.SHAPES:
        paths += [tmp_path / f"{shape}{number}.png" for number in range(4)]
        for number in range(4):
            small_data.draw(shape, 500 + number).save(tmp_path / f"{shape}{number}.png")
    rows = run.predict([str(path) for path in paths])
    right = sum(row["label"] == path.name.rstrip("0123456789.png") for row, path in zip(rows, paths, strict=True))
    assert {row["label"] for row in rows} <= set(small_data.SHAPES)
    assert right >= 9


def test_with_the_default_limit_the_data_is_refused_and_the_first_ten_are_named(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "photos", per_class=20)
    for path in sorted((folder / "cross").iterdir())[:12]:
        path.write_bytes(b"")
    with pytest.raises(DataError) as caught:
        api.train(str(folder), budget="5steps", out=str(tmp_path / "run"))
    assert caught.value.exit_code == 3
    assert "12 of 60" in caught.value.what
    assert caught.value.what.count("cross/") == 10
    assert "--max-bad 0.2" in caught.value.fix
    assert not (tmp_path / "run").exists()


def test_a_class_without_a_readable_picture_is_refused(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "photos", per_class=20)
    for path in (folder / "cross").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match="cross") as caught:
        api.train(str(folder), budget="5steps", max_bad=0.9, out=str(tmp_path / "run"))
    assert "no readable sample" in caught.value.what


def test_a_folder_that_exists_is_refused_before_any_training(photos, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("years of work")
    with pytest.raises(ResourceError) as caught:
        api.train(str(photos[0]), budget="5steps", max_bad=0.05, out=str(tmp_path / "taken"))
    assert caught.value.exit_code == 4
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["thesis.txt"]


def test_a_run_is_not_trained_over(run, photos):
    before = run.folder.weights.read_bytes()
    with pytest.raises(ResourceError, match="holds a run already") as caught:
        api.train(str(photos[0]), budget="5steps", max_bad=0.05, out=str(run.path))
    assert "resume" in caught.value.fix
    assert run.folder.weights.read_bytes() == before


def test_data_that_lies_elsewhere_is_taken_as_valid_and_test(cache, tmp_path):
    main = small_data.class_folder(tmp_path / "main", per_class=20)
    valid = small_data.class_folder(tmp_path / "valid", per_class=4, first=100)
    test = small_data.class_folder(tmp_path / "test", per_class=6, first=200)
    out = str(tmp_path / "run")
    run = api.train(str(main), valid=str(valid), test=str(test), **QUICK, out=out)
    splits = json.loads(run.folder.data.read_text())["splits"]
    assert {name: (split["num_samples"], split["made_by"]) for name, split in splits.items()} == {
        "train": (60, "data"),
        "valid": (12, "user"),
        "test": (18, "user"),
    }
    assert {name: score["accuracy"]["n"] for name, score in run.scores.items()} == {"valid": 12, "test": 18}
    again = api.evaluate(run)
    assert again["scores"]["test"]["accuracy"] == run.scores["test"]["accuracy"]


def test_a_test_class_that_training_lacks_is_refused(cache, tmp_path):
    main = small_data.class_folder(tmp_path / "main", per_class=10)
    test = small_data.class_folder(tmp_path / "test", per_class=4, shapes=("circle", "star"), first=100)
    with pytest.raises(DataError, match="star"):
        api.train(str(main), test=str(test), budget="5steps", out=str(tmp_path / "run"))


def test_the_shares_of_the_splits_are_those_asked_for(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "photos", per_class=20)
    run = api.train(str(folder), split="0.5,0.2,0.3", **QUICK, out=str(tmp_path / "run"))
    splits = json.loads(run.folder.data.read_text())["splits"]
    assert {name: split["counts"] for name, split in splits.items()} == {
        "train": [10, 10, 10],
        "valid": [4, 4, 4],
        "test": [6, 6, 6],
    }
    with pytest.raises(UsageError, match="sums to"):
        api.train(str(folder), split="0.5,0.2", budget="5steps", out=str(tmp_path / "other"))


def test_equal_pictures_never_lie_on_both_sides(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "photos", per_class=20)
    for shape in small_data.SHAPES:
        for path in sorted((folder / shape).iterdir())[:10]:
            for copy in ("a", "b"):
                (path.parent / f"{copy}{path.name}").write_bytes(path.read_bytes())
    run = api.train(str(folder), **QUICK, out=str(tmp_path / "run"))
    names = sorted(f"{path.parent.name}/{path.name}" for path in folder.rglob("*.*"))
    stored = json.loads(run.folder.data.read_text())["splits"]
    sides: dict[str, set[str]] = {}
    for name, split in stored.items():
        for index in split["indices"]:
            shape, _, file = names[index].partition("/")
            sides.setdefault(f"{shape}/{file.lstrip('ab')}", set()).add(name)
    assert len(sides) == 60
    assert [name for name, of in sides.items() if len(of) > 1] == []
    assert len(set().union(*sides.values())) == 3
