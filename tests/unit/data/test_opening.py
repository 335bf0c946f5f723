import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import small_data
import small_sounds
from PIL import Image as PILImage

from gnomon.core import plugins
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import Said, silent
from gnomon.core.spec import Density, Image, Label, Normality, Spec
from gnomon.data import opening, preparing
from gnomon.data.preparing import NOTHING


def wished(**user):
    return opening.wished([("user", {"data.path": "digits", **user})])


@pytest.fixture(scope="module")
def digits(cache):
    data, run = wished()
    return opening.load_dataset(data, seed=run.seed, data_dir=None, emit=silent)


def test_data_is_opened_without_torch(cache):
    """The report and the first lines of inspect must not wait for it."""
    code = (
        "import sys\n"
        "from gnomon.core.events import silent\n"
        "from gnomon.data import audit, manifest, opening\n"
        "data, run = opening.wished([('user', {'data.path': 'digits'})])\n"
        "dataset = opening.load_dataset(data, seed=0, data_dir=None, emit=silent)\n"
        "manifest.data_json(dataset, audit.audit(dataset))\n"
        "assert len(dataset.splits['train']) > 1000\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_separate_split_gets_the_shape_of_the_others_and_may_lack_a_class(cache, tmp_path):
    train = small_data.class_folder(tmp_path / "train", per_class=8, shapes=("square", "cross", "disc"))
    test = small_data.class_folder(tmp_path / "test", per_class=3, shapes=("square", "cross"))
    data, _ = opening.wished([("user", {"data.path": str(train), "data.test": str(test)})])
    found = opening.load_dataset(data, seed=0, data_dir=None, emit=silent)
    assert len(found.splits["test"]) == 6
    assert found.splits["test"].inputs[np.arange(6)].shape[1:] == found.splits["train"].inputs[np.arange(1)].shape[1:]


def test_a_wish_without_data_is_refused():
    with pytest.raises(UsageError, match="no data"):
        opening.wished([("user", {"run.seed": 1})])


def test_an_unknown_section_is_answered_with_the_near_one():
    with pytest.raises(UsageError) as caught:
        wished(**{"trian.batch_size": 3})
    assert "'train'" in caught.value.fix


def test_a_path_that_run_toml_cannot_hold_is_refused():
    for name in ("data.path", "data.valid", "data.test"):
        with pytest.raises(UsageError, match="UTF-8"):
            wished(**{name: os.fsdecode(b"caf\xe9")})


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"GNOMON_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/gnomon"),
        ({"HOME": "/c"}, "/c/.cache/gnomon"),
    ],
)
def test_where_caches_are_kept(monkeypatch, variables, folder):
    for name in ("GNOMON_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(opening.cache_folder()) == folder


def test_other_data_is_seen_as_the_model_sees_and_classes_are_found_by_name(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "photos", per_class=3, shapes=("square", "cross"))
    seen = Spec(input=Image(height_px=8, width_px=8, channels=1), target=Label(classes=("zebra", "square", "cross")))
    found = opening.load_foreign(str(folder), fit="crop", spec=seen, preparation=NOTHING)
    test = found.splits["test"]
    assert test.inputs[np.arange(6)].shape == (6, 8, 8, 1)
    assert sorted(test.targets.tolist()) == [1, 1, 1, 2, 2, 2]
    assert [str(test.ids[i]).partition("/")[0] for i in np.flatnonzero(test.targets == 1)] == ["square"] * 3
    shutil.move(folder / "cross", folder / "star")
    with pytest.raises(DataError, match="star"):
        opening.load_foreign(str(folder), fit="crop", spec=seen, preparation=NOTHING)


def reviews(path, columns, num=40):
    lines = [",".join(columns)]
    for n in range(num):
        row = {
            "text": f"what a {'good' if n % 2 else 'bad'} film on day {n}",
            "stars": "15"[n % 2],
            "kind": "ab"[n // 2 % 2],
        }
        lines.append(",".join(row[name] for name in columns))
    path.write_text("\n".join(lines))
    return path


def test_other_data_is_read_with_the_settings_and_the_target_of_the_run(cache, tmp_path):
    path = reviews(tmp_path / "a.csv", ("text", "stars", "kind"))
    settings = {"data.path": str(path), "data.reader": "text_table", "data.target": "kind", "reader.text": "text"}
    data, _ = opening.wished([("user", settings)])
    mine = opening.load_dataset(data, seed=0, data_dir=None, emit=silent, layers=[("user", settings)])
    prepared = preparing.prepare(mine, [("user", settings)], cache_dir=None)
    asked = {"fit": "crop", "spec": prepared.dataset.spec, "preparation": prepared.preparation}
    new = str(reviews(tmp_path / "b.csv", ("stars", "text", "kind"), num=10))
    before = opening.AsBefore(reader="text_table", settings=settings)
    found = opening.load_foreign(new, before=before, **asked)
    assert found.reader == "text_table"
    assert found.splits["test"].targets.tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0, 0]
    with pytest.raises(DataError):
        opening.load_foreign(new, **asked)


def test_settings_of_another_reader_mean_nothing(cache, tmp_path):
    folder = small_data.class_folder(tmp_path / "pictures", per_class=3, shapes=("square", "cross"))
    seen = Spec(input=Image(height_px=8, width_px=8, channels=1), target=Label(classes=("cross", "square")))
    before = opening.AsBefore(reader="text_table", settings={"reader.text": "body", "data.target": "stars"})
    found = opening.load_foreign(str(folder), fit="crop", spec=seen, preparation=NOTHING, before=before)
    assert len(found.splits["test"]) == 6


def test_every_guess_is_told_with_its_flag(digits):
    heard = []
    opening.tell(digits, heard.append)
    assert [event.level for event in heard if isinstance(event, Said)] == ["guess"] * len(digits.guesses)
    assert len(heard) == len(digits.guesses) >= 2
    assert "(--split 0.8,0.1,0.1" in heard[-1].text


def test_labels_are_needed_unless_the_asked_task_is_about_the_pictures_themselves(monkeypatch):
    tasks = {"classify": SimpleNamespace(TARGETS=(Label,)), "dream": SimpleNamespace(TARGETS=(Normality,))}
    monkeypatch.setattr(plugins, "load", lambda kind, name: tasks[name])
    layer = {"data.path": "x"}
    assert opening.needs_labels([("user", layer)])
    assert opening.needs_labels([("user", {**layer, "run.task": "classify"})])
    assert not opening.needs_labels([("user", {**layer, "run.task": "dream"})])


@pytest.mark.parametrize(("classes", "targets"), [((), [-1, -1]), (("dog", "fox"), [-1, 0])])
def test_a_model_of_the_pictures_themselves_finds_the_classes_that_it_knows(cache, tmp_path, classes, targets):
    for name in ("cat", "dog"):
        (tmp_path / "new" / name).mkdir(parents=True)
        PILImage.new("L", (8, 8), 7).save(tmp_path / "new" / name / "1.png")
    spec = Spec(input=Image(height_px=8, width_px=8, channels=1), target=Density(classes=classes))
    found = opening.load_foreign(str(tmp_path / "new"), fit="crop", spec=spec, preparation=NOTHING)
    assert found.spec == spec
    assert found.splits["test"].targets.tolist() == targets


@pytest.mark.parametrize(
    ("setting", "flag"),
    [
        ({"data.group": "speaker"}, "--group"),
        ({"data.label_from": "{label}_{index}"}, "--label-from"),
        ({"data.held_out": "ann"}, "data.held_out"),
    ],
)
def test_what_a_reader_knows_nothing_of_is_not_passed_over(cache, setting, flag):
    data, _ = wished(**setting)
    with pytest.raises(UsageError, match=f"{flag} means nothing for data that is read as digits"):
        opening.load_dataset(data, seed=0, data_dir=None, emit=silent)


def test_the_remedy_names_the_reader_that_may_know_it(cache, tmp_path):
    days = [f"2024-01-{day:02},{day % 5},{day}" for day in range(1, 31)]
    (tmp_path / "prices.csv").write_text("\n".join(["day,patient,price", *days]) + "\n")
    data, _ = opening.wished([("user", {"data.path": str(tmp_path / "prices.csv"), "data.group": "patient"})])
    with pytest.raises(UsageError) as refused:
        opening.load_dataset(data, seed=0, data_dir=None, emit=silent)
    assert "read as series_table" in str(refused.value)
    assert "--set data.reader=tables" in str(refused.value)


def test_test_recordings_are_read_at_the_rate_of_the_others_and_none_is_held_out(cache, tmp_path):
    train = small_sounds.folder(tmp_path / "train", per_class=4)
    test = small_sounds.folder(tmp_path / "test", per_class=2)
    for path in test.rglob("*.wav"):
        path.write_bytes(small_sounds.wav(small_sounds.tone(500, 0.2, rate_hz=16_000), rate_hz=16_000))
    data, _ = opening.wished([("user", {"data.path": str(train), "data.test": str(test)})])
    found = opening.load_dataset(data, seed=0, data_dir=None, emit=silent)
    assert found.spec.input.rate_hz == 8000
    assert [len(array) for array in found.splits["test"].inputs[:]] == [1600] * 4


@pytest.mark.parametrize(
    ("user", "task"),
    [
        ({}, "auto"),
        ({"run.task": "classify"}, "classify"),
        ({"series.horizon": 24}, "forecast"),
        ({"series.horizon": "auto"}, "auto"),
        ({"series.horizon": 24, "run.task": "anomaly"}, "anomaly"),
    ],
)
def test_a_horizon_asks_for_a_forecast(user, task):
    assert opening.asked_task([("user", user)]) == task


def test_class_folders_are_read_as_one_text_for_a_language_model(cache, tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for i in range(6):
            (tmp_path / name / f"{i}.txt").write_text(f"a {name} text, number {i}, of some length. " * 9)
    data, run = wished(**{"data.path": str(tmp_path), "run.task": "predict_next"})
    layers = [("user", {"data.path": str(tmp_path), "run.task": "predict_next"})]
    dataset = opening.load_dataset(data, seed=run.seed, data_dir=None, emit=silent, layers=layers)
    assert dataset.reader == "text_file"
    assert type(dataset.spec.target).__name__ == "Text"
