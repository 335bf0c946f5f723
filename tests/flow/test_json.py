"""With ``--json`` every verb prints exactly one JSON object on standard output and nothing else; errors do so too."""

import json
import os
import shutil
import signal

import pytest
import small_data

from gnomon import api
from gnomon.cli import main
from gnomon.cli.shell.entry import gnomon
from gnomon.core.errors import StoppedError
from gnomon.core.events import Stepped

QUICK = ("--family", "mlp", "--set", "family.width=32")
VERBS = {
    "inspect": {"name", "reader", "spec", "splits", "guesses", "skipped", "audit", "would"},
    "train": {"run", "task", "family", "budget_s", "elapsed_s", "steps", "scores", "baseline", "report"},
    "resume": {"run", "task", "family", "budget_s", "elapsed_s", "steps", "scores", "baseline", "report"},
    "evaluate": {"run", "data", "split", "scores", "baseline"},
    "predict": {"predictions", "out"},
    "generate": {"run", "prompt", "text", "seed", "num_tokens", "out"},
    "report": {"report"},
    "runs": {"runs"},
    "doctor": {"exit_code"},
}


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A run whose model writes text."""
    folder = tmp_path_factory.mktemp("writer")
    (folder / "book.txt").write_text("the shadow of the sun tells the time of the day\n" * 60)
    return api.train(str(folder / "book.txt"), budget="3steps", out=str(folder / "run")).path


@pytest.fixture
def workspace(trained, writer, tmp_path):
    """A folder with a finished run, a stopped run, a run that writes text, and a picture."""
    shutil.copytree(trained, tmp_path / "runs" / "done")
    shutil.copytree(writer, tmp_path / "runs" / "writer")
    (tmp_path / "new.png").write_bytes(small_data.picture_bytes())

    def stop(event):
        if isinstance(event, Stepped) and event.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError):
        settings = ("family.width=32",)
        out = str(tmp_path / "runs" / "halfway")
        api.train("digits", budget="9steps", family="mlp", settings=settings, out=out, emit=stop)
    return tmp_path


def only_object(text):
    """Return the one JSON object that a text is: one line, nothing before it, nothing behind."""
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert isinstance(found, dict)
    return found


def test_no_verb_is_left_out():
    assert set(VERBS) == set(gnomon.list_commands(None))


WORDS = {
    "inspect": ("digits", "--budget", "5steps"),
    "train": ("digits", "--budget", "5steps", *QUICK),
    "resume": ("halfway",),
    "evaluate": ("done",),
    "predict": ("done", "new.png", "gone.png"),
    "generate": ("writer", "--prompt", "the ", "--length", "20"),
    "report": ("done",),
    "runs": (),
    "doctor": (),
}


@pytest.mark.parametrize("verb", [v if v != "doctor" else pytest.param(v, marks=pytest.mark.slow) for v in VERBS])
def test_a_process_prints_one_object(verb, workspace, gnomon_process):
    done = gnomon_process(verb, *WORDS[verb], "--json", cwd=workspace)
    assert done.returncode == 0, done.stderr
    found = only_object(done.stdout)
    assert found.keys() >= VERBS[verb]
    assert "Traceback" not in done.stderr


def test_scores_have_intervals_and_a_baseline_beside_them(trained, capfd):
    assert main(["evaluate", str(trained), "--json"]) == 0
    found = only_object(capfd.readouterr().out)
    for metrics in found["scores"].values():
        assert {"accuracy", "log_loss", "ece", "f1"} <= metrics.keys()
        for score in metrics.values():
            assert score.keys() == {"value", "low", "high", "n"}
            assert score["low"] <= score["value"] <= score["high"]
    assert found["baseline"].keys() >= {"name", "split", "scores"}


def test_evaluate_gives_the_numbers_of_the_run(trained, capfd):
    stored = json.loads((trained / "evaluation.json").read_text())["scores"]
    for split in ("test", "valid"):
        assert main(["evaluate", str(trained), "--split", split, "--json"]) == 0
        assert only_object(capfd.readouterr().out)["scores"] == {split: stored[split]}


def test_train_tells_the_same_as_the_run_folder(workspace, monkeypatch, capfd):
    monkeypatch.chdir(workspace)
    assert main(["train", "digits", "--budget", "5steps", *QUICK, "--out", "here", "--json"]) == 0
    found = only_object(capfd.readouterr().out)
    run = api.load_run("here")
    assert found["scores"] == run.scores
    assert (found["run"], found["steps"], found["budget_s"]) == ("here", 5, None)
    assert found["baseline"] == max(run.evaluation["baselines"], key=lambda one: one["scores"]["accuracy"]["value"])
    assert found["report"] == "here/report.html"


def test_without_json_nothing_is_an_object_and_the_way_on_is_shown(workspace, monkeypatch, capfd):
    monkeypatch.chdir(workspace)
    assert main(["train", "digits", "--budget", "5steps", *QUICK, "--out", "here"]) == 0
    shown = capfd.readouterr()
    assert "here/report.html" in shown.out
    assert "gnomon predict here" in shown.out
    assert "with 95 % intervals" in shown.out
    assert "linear model" in shown.out
    assert "{" not in shown.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("train", "digits", "--budget", "soon"), 2),
        (("train", "digits", "--bugdet", "5s"), 2),
        (("train",), 2),
        (("trian", "digits"), 2),
        (("train", "digits", "--set", "train.lr=1"), 2),
        (("evaluate", "done", "--split", "dev"), 2),
        (("resume", "done"), 2),
        (("predict", "done"), 2),
        (("predict", "done", "new.png", "-o", "rows.doc"), 2),
        (("train", "empty"), 3),
        (("inspect", "empty"), 3),
        (("evaluate", "done", "empty"), 3),
        (("train", "digits", "--budget", "5steps", "--out", "empty/.."), 4),
        (("predict", "done", "new.png", "-o", "no/rows.csv"), 4),
        (("evaluate", "nowhere"), 6),
        (("predict", "empty", "new.png"), 6),
        (("report", "nowhere"), 6),
        (("resume", "nowhere"), 6),
        (("train", "--replay", "nowhere"), 6),
    ],
)
def test_an_error_is_one_object_and_a_block_without_a_traceback(words, code, workspace, monkeypatch, capfd):
    monkeypatch.chdir(workspace)
    (workspace / "empty").mkdir()
    assert main([*words, "--json"]) == code
    printed = capfd.readouterr()
    told = only_object(printed.out)
    assert told.keys() == {"error", "fix", "path", "line", "exit_code"}
    assert told["exit_code"] == code
    assert told["error"]
    assert told["fix"]
    block = printed.err.splitlines()
    first = next(number for number, line in enumerate(block) if line.startswith("error: "))
    assert len(block) - first <= 8
    assert any(line.startswith("fix: ") for line in block[first:])
    assert "Traceback" not in printed.err
