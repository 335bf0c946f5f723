import subprocess
import sys

import pytest

import gnomon
from gnomon import api
from gnomon.core.errors import ArtefactError, UsageError
from gnomon.core.events import Finished, Said


def test_importing_the_verbs_imports_no_torch():
    code = "import sys, gnomon, gnomon.api; gnomon.runs('.'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_the_verbs():
    for name in gnomon.__all__:
        assert getattr(gnomon, name) is not None
    with pytest.raises(AttributeError, match="gnomon"):
        gnomon.no_such_name  # noqa: B018


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
