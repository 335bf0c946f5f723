import subprocess
import sys

import pytest

import gnomon
from gnomon import api
from gnomon.core.errors import ArtefactError, UsageError
from gnomon.core.events import Finished, Said
from gnomon.train.budget import parse_budget


def test_importing_the_verbs_imports_no_torch():
    code = "import sys, gnomon, gnomon.api; gnomon.runs('.'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_the_verbs():
    for name in gnomon.__all__:
        assert getattr(gnomon, name) is not None
    with pytest.raises(AttributeError, match="gnomon"):
        gnomon.no_such_name  # noqa: B018


def test_a_flag_left_at_its_default_says_nothing(tmp_path):
    asked = {"budget": "5m", "seed": 3}
    layers = api._layers(asked, {"path": "photos", "valid": "off"}, None, ["train.clip=1.5"])
    assert layers == [("user", {"run.seed": 3, "data.path": "photos", "train.clip": 1.5})]
    config = tmp_path / "run.toml"
    config.write_text('[run]\nbudget = "9s"\n[chosen_by]\n"run.budget" = "user"\n')
    layers = api._layers(asked, {"path": None}, str(config), [])
    assert layers == [("config", {"run.budget": "9s"}), ("user", {"run.seed": 3})]
    assert api._value(layers, "run.budget") == "9s"
    assert api._value(layers, "run.family") == "auto"


@pytest.mark.parametrize(
    ("budget", "used_s", "train_s", "samples", "flop"),
    [
        ("100s", 20.0, 68.0, None, None),
        ("10s", 20.0, 0.0, None, None),
        ("3epochs", 0.0, None, 600.0, None),
        ("50samples", 0.0, None, 50.0, None),
        ("1e9flop", 0.0, None, None, 1e9),
    ],
)
def test_what_a_family_may_plan_with(budget, used_s, train_s, samples, flop):
    found = api._allowance(parse_budget(budget), 200, used_s=used_s)
    assert (found.train_s, found.samples, found.flop, found.num_train) == (train_s, samples, flop, 200)


def test_what_is_left_and_what_is_granted():
    old = parse_budget("60s")
    assert api._allotment(old, None, 20.0, 3.0) == (old, 23.0)
    granted, already_s = api._allotment(old, "10s", 20.0, 3.0)
    assert (granted.seconds, already_s) == (30.0, 23.0)
    with pytest.raises(UsageError, match="not a time"):
        api._allotment(old, "10steps", 20.0, 3.0)
    with pytest.raises(UsageError, match="counts its budget in steps"):
        api._allotment(parse_budget("10steps"), "10s", 20.0, 3.0)


def test_data_of_a_name_is_looked_for_where_it_lay(tmp_path, monkeypatch):
    monkeypatch.setenv("GNOMON_DATA", "elsewhere")
    (tmp_path / "mnist").mkdir()
    assert api._where_it_lay({"source": str(tmp_path / "mnist")}) == tmp_path
    assert str(api._where_it_lay({"source": str(tmp_path / "gone")})) == "elsewhere"
    assert str(api._where_it_lay([])) == "elsewhere"


def test_a_run_is_found_by_its_folder_or_its_name(trained, monkeypatch, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(trained)
    monkeypatch.chdir(tmp_path)
    for name in (trained, str(trained), "mine", "runs/mine"):
        assert api.load_run(name).scores["test"]["accuracy"]["n"] == 179
    run = api.load_run("mine")
    assert api.load_run(run) is run
    with pytest.raises(ArtefactError, match="no such run") as caught:
        api.load_run("mien")
    assert "mine" in caught.value.fix


def test_what_a_run_knows_of_itself(trained):
    run = api.load_run(trained)
    assert run.plan["steps"] == 60
    assert run.evaluation["headline"] == "accuracy"
    assert run.scores is not None
    assert api.runs(str(trained.parent))[0]["name"] == "trained"


def test_inspect_tells_what_would_be_done_and_trains_nothing(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    heard = []
    found = api.inspect("digits", budget="10s", seed=5, settings=("family.widths=[16]",), emit=heard.append)
    assert found["would"]["task"] == "classify"
    assert list(found["would"]["settings"]["family"]["widths"]) == [16]
    assert found["would"]["settings"]["chosen_by"]["run.seed"] == "user"
    assert sum(split["num_samples"] for split in found["splits"].values()) == 1797
    assert list(tmp_path.iterdir()) == []
    assert [event.result for event in heard if isinstance(event, Finished)] == [found]
    assert any(event.level == "guess" for event in heard if isinstance(event, Said))


def test_a_split_that_is_not_there_is_refused(trained):
    with pytest.raises(UsageError, match="no split 'dev'") as caught:
        api.evaluate(trained, split="dev")
    assert caught.value.fix == "there are: train, valid, test"


def test_a_plan_that_lacks_something_is_refused(copied):
    (copied / "plan.jsonl").write_text('{"event": "plan", "steps": 3}\n')
    with pytest.raises(ArtefactError, match="lacks baselines_s, budget") as caught:
        api.evaluate(copied)
    assert caught.value.line == 1
