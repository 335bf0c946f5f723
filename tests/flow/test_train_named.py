"""Data sets known by name, and the settings of a training: files, flags, seeds, surroundings."""

import json
import os
import tomllib
from pathlib import Path

import numpy as np
import pytest
import small_data

from gnomon import api
from gnomon.cli import main
from gnomon.core.errors import UsageError

QUICK = ("family.width=32", "family.depth=1")
DATA_DIR = Path(os.environ.get("GNOMON_DATA") or "nowhere")
"""Read at once: tests run without the variable."""


def digits(out, **asked):
    return api.train("digits", **{"budget": "20steps", "family": "mlp", "settings": QUICK, **asked}, out=str(out))


def weights(run):
    return run.folder.weights.read_bytes()


@pytest.fixture(scope="module")
def first(cache, tmp_path_factory):
    return digits(tmp_path_factory.mktemp("runs") / "first", seed=3)


def test_same_seed_and_steps_give_the_same_bits(first, tmp_path):
    assert weights(digits(tmp_path / "again", seed=3)) == weights(first)


def test_another_seed_gives_another_model(first, tmp_path):
    assert weights(digits(tmp_path / "other", seed=4)) != weights(first)


def test_the_configuration_of_a_run_repeats_it(first, tmp_path):
    again = api.train(config=str(first.folder.config), out=str(tmp_path / "again"))
    assert weights(again) == weights(first)
    stored = tomllib.loads(again.folder.config.read_text())
    assert stored["run"]["seed"] == 3
    assert stored["chosen_by"]["run.seed"] == "config"


def test_a_setting_goes_over_the_file_and_is_the_users(first, tmp_path):
    again = api.train(config=str(first.folder.config), settings=("train.batch_size=32",), out=str(tmp_path / "again"))
    stored = tomllib.loads(again.folder.config.read_text())
    assert again.plan["batch_size"] == stored["train"]["batch_size"] == 32
    assert stored["chosen_by"]["train.batch_size"] == "user"
    assert weights(again) != weights(first)


def test_the_plan_and_who_chose_what_are_written_down(first):
    assert first.plan["family"] == "mlp"
    assert first.plan["model"].items() >= {"width": 32, "depth": 1, "dropout": 0.1}.items()
    # 64 pixels to 32 units without bias, the norm's biases, 32 units to 10 classes with biases
    assert first.plan["num_parameters"] >= 64 * 32 + 32 + 32 * 10
    chosen = tomllib.loads(first.folder.config.read_text())["chosen_by"]
    assert (chosen["family.width"], chosen["run.family"]) == ("user", "user")
    assert chosen["train.batch_size"] == "plan"
    assert chosen["train.clip"] == "default"


@pytest.mark.parametrize(
    ("setting", "what", "fix"),
    [
        ("train.lr_matrx=1", "train.lr_matrx", "train.lr_matrix"),
        ("trian.lr_matrix=1", "trian", "train"),
        ("family.widht=3", "family.widht", "family.width"),
        ("train.batch_size=many", "train.batch_size", "int"),
        ("train.batch_size=1", "batch_size", "two samples"),
        ("train.phases=[[0.5, 8]]", "phases", "start at 0"),
        ("lr=1", "lr=1", "train.batch_size=256"),
    ],
)
def test_a_wrong_setting_is_answered_with_what_is_allowed(cache, tmp_path, setting, what, fix):
    with pytest.raises(UsageError) as caught:
        digits(tmp_path / "run", settings=(setting,))
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "near"), [({"family": "cn"}, "cnn"), ({"task": "classfy"}, "classify"), ({"budget": "5 parsecs"}, "5m")]
)
def test_an_unknown_name_is_answered_with_the_near_one(cache, tmp_path, asked, near):
    with pytest.raises(UsageError) as caught:
        digits(tmp_path / "run", settings=(), **asked)
    assert near in caught.value.fix
    assert not (tmp_path / "run").exists()


def test_unknown_data_is_answered_with_the_near_name(cache, tmp_path):
    with pytest.raises(UsageError) as caught:
        api.train("digtis", budget="5steps", out=str(tmp_path / "run"))
    assert "'digits'" in caught.value.fix
    with pytest.raises(UsageError, match="no data"):
        api.train(budget="5steps", out=str(tmp_path / "run"))


@pytest.mark.parametrize("name", ["mnist", pytest.param("cifar10", marks=pytest.mark.slow)])
def test_a_named_data_set_that_lies_there_is_trained_on(name, cache, tmp_path):
    data_dir = Path(os.environ.get("GNOMON_DATA") or "")
    if not data_dir.name or not (data_dir / name).exists():
        pytest.skip(f"{name} does not lie in GNOMON_DATA")
    settings = ("family.widths=[8,16,32]", "train.test_views=false")
    run = api.train(name, budget="20steps", settings=settings, data_dir=str(DATA_DIR), out=str(tmp_path / "run"))
    stored = json.loads(run.folder.data.read_text())
    assert stored["splits"]["test"]["num_samples"] == 10_000
    assert stored["splits"]["test"]["made_by"] == "data"
    assert stored["splits"]["valid"]["made_by"] == "gnomon"
    assert run.scores["test"]["accuracy"]["n"] == 10_000
    assert run.scores["test"]["accuracy"]["low"] > 0.15


def test_a_name_is_found_again_where_it_lay(cache, tmp_path):
    """The folder given with --data-dir is remembered, so that evaluate finds the data without the flag."""
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 12), dtype=np.uint8)
    labels = np.arange(40, dtype=np.uint8) % 2
    folder = tmp_path / "sets" / "mnist"
    folder.mkdir(parents=True)
    for prefix, part in (("train", slice(0, 30)), ("t10k", slice(30, 40))):
        pictures, answers = images[part], labels[part]
        shape = np.array([0x803, *pictures.shape], dtype=">u4").tobytes()
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(shape + pictures.tobytes())
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(
            np.array([0x801, len(answers)], dtype=">u4").tobytes() + answers.tobytes()
        )
    asked = {"budget": "5steps", "family": "mlp", "settings": QUICK, "data_dir": str(folder.parent)}
    run = api.train("mnist", **asked, out=str(tmp_path / "run"))
    assert api.evaluate(run)["scores"]["test"]["accuracy"] == run.scores["test"]["accuracy"]


def test_a_terminal_that_knows_ascii_only_and_names_that_are_not(gnomon_process, tmp_path):
    folder = small_data.class_folder(tmp_path / "фото ☃", per_class=10)
    (folder / "cross").rename(folder / "крест 🐱")
    words = ("train", str(folder), "--budget", "5steps", "--family", "mlp", "--set", "family.width=32")
    done = gnomon_process(*words, LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    run = next((tmp_path / "runs").iterdir())
    assert "крест 🐱" in json.loads((run / "data.json").read_text("utf-8"))["spec"]["target"]["classes"]
    assert "крест 🐱" in (run / "report.html").read_text("utf-8")


def test_a_path_that_is_no_text_is_refused_with_a_way_out(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small_data.class_folder(Path(os.fsdecode(b"caf\xe9")), per_class=10)
    code = main(["train", os.fsdecode(b"caf\xe9"), "--budget", "5steps", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["exit_code"]) == (2, 2)
    assert "rename" in told["fix"]
    Path("cafe").symlink_to(os.fsdecode(b"caf\xe9"))
    settings = ("family.width=32",)
    run = api.train("cafe", budget="5steps", family="mlp", settings=settings, out=str(tmp_path / "run"))
    assert run.folder.report.is_file()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write")
def test_a_working_folder_that_cannot_be_written_needs_out_only(gnomon_process, tmp_path):
    words = ("train", "digits", "--budget", "5steps", "--family", "mlp", "--set", "family.width=32")
    done = gnomon_process(*words, "--out", str(tmp_path / "run"), cwd=Path("/proc"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write")
def test_a_working_folder_that_cannot_be_written_is_refused(cache, monkeypatch, capsys):
    monkeypatch.chdir("/proc")
    assert main(["train", "digits", "--budget", "5steps"]) == 4
    printed = capsys.readouterr()
    assert "error: runs" in printed.err
    assert "fix: " in printed.err
