"""core/run.py: names inside a run folder, creating, opening and listing runs, reading their records."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from gnomon.core import files
from gnomon.core.errors import ArtefactError, ResourceError
from gnomon.core.lock import RunLock
from gnomon.core.run import (
    CheckpointFolder,
    ModelFolder,
    RunFolder,
    create,
    create_at,
    list_runs,
    open_run,
    read_json,
    read_lines,
)

NOW = datetime(2026, 11, 23, 17, 20, 59)
PLAN = {"event": "plan", "task": "classify", "family": "cnn", "steps": 100, "budget": {"text": "5m"}}
SCORE = {"value": 0.9, "low": 0.88, "high": 0.92, "n": 1000}


def make_run(parent: Path, name: str, *events: dict, evaluation: object = None) -> RunFolder:
    run = RunFolder(parent / name)
    files.make_folder(run.path)
    files.write_text(run.config, "")
    for event in events:
        files.append_json(run.plan, event, sync=False)
    if evaluation is not None:
        files.write_json(run.evaluation, evaluation)
    return run


class TestNames:
    def test_they_are_the_ones_of_the_design(self):
        run = RunFolder(Path("runs/x"))
        assert run.name == "x"
        assert {
            attribute: str(getattr(run, attribute).relative_to(run.path))
            for attribute in dir(run)
            if isinstance(getattr(run, attribute), Path) and attribute != "path"
        } == {
            "config": "run.toml",
            "plan": "plan.jsonl",
            "data": "data.json",
            "preparation": "preparation.json",
            "skipped": "skipped.jsonl",
            "env": "env.json",
            "metrics": "metrics.jsonl",
            "checkpoints": "checkpoints",
            "model": "model",
            "weights": "model/weights.safetensors",
            "card": "model/model.json",
            "evaluation": "evaluation.json",
            "report": "report.html",
            "crash": "crash.txt",
            "lock": "lock.json",
            "portrait": "portrait",
            "portrait_facts": "portrait/portrait.json",
            "judge": "judge",
            "fidelity": "fidelity.json",
        }

    def test_a_checkpoints_name_holds_its_step(self):
        assert RunFolder(Path("r")).checkpoint(400).path == Path("r/checkpoints/step-000400")
        assert RunFolder(Path("r")).checkpoint(12_345_678).step == 12_345_678

    @pytest.mark.parametrize("name", ["step-1", "step-abcdef", "step-0000001 ", ".gnomon-1-a.tmp", "step-" + "9" * 30])
    def test_other_names_hold_none(self, name):
        assert CheckpointFolder(Path(name)).step is None

    def test_a_model_folder_may_be_anywhere(self):
        assert ModelFolder(Path("m")).card == Path("m/model.json")
        assert ModelFolder(Path("m")).weights == Path("m/weights.safetensors")


class TestCreate:
    def test_the_name_tells_when_and_what(self, tmp_path):
        run = create(tmp_path / "runs", name_parts=("cifar10", "cnn"), now=NOW)
        assert run.path == tmp_path / "runs" / "2026-11-23_1720_cifar10_cnn"
        assert list(run.path.iterdir()) == []

    def test_a_name_that_is_taken_gets_a_number(self, tmp_path):
        names = [create(tmp_path, name_parts=("a",), now=NOW).name for _ in range(3)]
        assert names == ["2026-11-23_1720_a", "2026-11-23_1720_a_2", "2026-11-23_1720_a_3"]

    @pytest.mark.parametrize(
        ("part", "word"),
        [
            ("../../etc", "etc"),
            ("my photos (new)", "my-photos-new"),
            ("类别", "类别"),
            ("caf\udce9\n", "caf"),
            ("-rf", "rf"),
            ("a" * 300, "a" * 40),
            ("v1.5_x", "v1.5-x"),
        ],
    )
    def test_names_from_outside_become_harmless_words(self, tmp_path, part, word):
        run = create(tmp_path, name_parts=(part, "cnn"), now=NOW)
        assert run.path == tmp_path / f"2026-11-23_1720_{word}_cnn"

    def test_a_part_without_letters_is_left_out(self, tmp_path):
        assert create(tmp_path, name_parts=("...", "cnn"), now=NOW).name == "2026-11-23_1720_cnn"

    def test_a_parent_that_is_a_file(self, tmp_path):
        (tmp_path / "runs").write_text("")
        with pytest.raises(ResourceError, match="cannot be created"):
            create(tmp_path / "runs", name_parts=("a",), now=NOW)

    def test_an_exact_place(self, tmp_path):
        (tmp_path / "empty").mkdir()
        assert create_at(tmp_path / "empty").path.is_dir()
        assert create_at(tmp_path / "deep" / "new").path.is_dir()

    def test_nothing_is_ever_overwritten(self, tmp_path):
        make_run(tmp_path, "old")
        with pytest.raises(ResourceError, match="holds a run already") as caught:
            create_at(tmp_path / "old")
        assert f"gnomon resume {tmp_path / 'old'}" in caught.value.fix
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").write_text("")
        with pytest.raises(ResourceError, match="File exists"):
            create_at(tmp_path / "photos")

    def test_a_name_too_long_and_a_disk_that_is_read_only(self, tmp_path, monkeypatch):
        with pytest.raises(ResourceError, match="File name too long"):
            create_at(tmp_path / ("n" * 256))
        monkeypatch.setenv("GNOMON_FAULT", "open:1:erofs")
        with pytest.raises(ResourceError, match="Read-only file system"):
            create(tmp_path, name_parts=("a",), now=NOW)


class TestOpen:
    def test_a_path_or_a_bare_name_under_runs(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        make_run(Path("runs"), "one")
        assert open_run(tmp_path / "runs" / "one").path == tmp_path / "runs" / "one"
        assert open_run(Path("one")).path == Path("runs/one")

    def test_the_nearest_runs_are_named(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in ("2026-11-23_1720_cifar10_cnn", "2026-11-23_1800_mnist_mlp"):
            make_run(Path("runs"), name)
        with pytest.raises(ArtefactError, match="there is no such run") as caught:
            open_run(Path("runs/2026-11-23_1720_cifar_cnn"))
        assert caught.value.fix.startswith("did you mean runs/2026-11-23_1720_cifar10_cnn")
        assert caught.value.exit_code == 6

    def test_a_folder_that_is_no_run(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "photos").mkdir()
        with pytest.raises(ArtefactError, match=r"is not a run folder: it has no run.toml") as caught:
            open_run(tmp_path / "photos")
        assert "gnomon train" in caught.value.fix


class TestList:
    def test_states(self, tmp_path):
        make_run(tmp_path, "2026-11-20_1000_a", PLAN)
        make_run(
            tmp_path,
            "2026-11-21_1000_b",
            PLAN,
            {"event": "refit", "steps": 80},
            {"event": "finish", "step": 80, "elapsed_s": 298.4},
            evaluation={"headline": "accuracy", "scores": {"valid": {"accuracy": SCORE}, "test": {"accuracy": SCORE}}},
        )
        broken = make_run(tmp_path, "2026-11-22_1000_c")
        broken.plan.write_text('{"no": "json"\n' * 3)
        locked = make_run(tmp_path, "2026-11-23_1000_d", PLAN)
        with RunLock(locked):
            listed = list_runs(tmp_path)
        assert [(run["name"][-1], run["state"]) for run in listed] == [
            ("d", "running"),
            ("c", "broken"),
            ("b", "finished"),
            ("a", "stopped"),
        ]
        assert "plan.jsonl:1: is not valid JSON" in listed[1]["problem"]
        assert listed[2] == {
            "name": "2026-11-21_1000_b",
            "path": str(tmp_path / "2026-11-21_1000_b"),
            "state": "finished",
            "task": "classify",
            "family": "cnn",
            "budget": "5m",
            "score": {"metric": "accuracy", "split": "test", **SCORE},
            "steps": 80,
            "elapsed_s": 298.4,
            "started": "2026-11-21T10:00",
            "problem": None,
        }

    def test_a_finished_run_that_goes_on_is_not_finished(self, tmp_path):
        finish = {"event": "finish", "step": 100, "elapsed_s": 9.0}
        make_run(tmp_path, "a", PLAN, finish, {"event": "resume", "at_step": 100})
        assert list_runs(tmp_path)[0]["state"] == "stopped"

    def test_a_run_that_was_killed_before_its_plan(self, tmp_path):
        make_run(tmp_path, "a")
        listed = list_runs(tmp_path)[0]
        assert (listed["state"], listed["steps"], listed["score"]) == ("stopped", None, None)

    def test_without_a_test_split_the_validation_score_is_shown(self, tmp_path):
        make_run(tmp_path, "a", PLAN, evaluation={"headline": "accuracy", "scores": {"valid": {"accuracy": SCORE}}})
        assert list_runs(tmp_path)[0]["score"]["split"] == "valid"

    @pytest.mark.parametrize(
        "evaluation",
        [[], {}, {"headline": "accuracy"}, {"headline": "accuracy", "scores": 3}, {"headline": [], "scores": {}}],
    )
    def test_an_evaluation_of_another_form_breaks_only_its_own_run(self, tmp_path, evaluation):
        make_run(tmp_path, "a", PLAN, evaluation=evaluation)
        make_run(tmp_path, "b", PLAN)
        assert {run["name"]: run["state"] for run in list_runs(tmp_path)}["b"] == "stopped"

    def test_other_things_in_the_folder_are_no_runs(self, tmp_path):
        (tmp_path / "notes.txt").write_text("")
        (tmp_path / "photos").mkdir()
        assert list_runs(tmp_path) == []
        assert list_runs(tmp_path / "missing") == []


class TestReading:
    def test_json(self, tmp_path):
        files.write_json(tmp_path / "a", {"x": [1, "ü"]})
        assert read_json(tmp_path / "a") == {"x": [1, "ü"]}

    @pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 10_000 + b"}"])
    def test_what_is_not_json_is_refused(self, tmp_path, text):
        (tmp_path / "a").write_bytes(text)
        with pytest.raises(ArtefactError, match="is not valid JSON") as caught:
            read_json(tmp_path / "a")
        assert caught.value.path == str(tmp_path / "a")

    def test_missing_huge_and_strange_files_are_refused(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "big").write_text("[1, 2, 3]")
        for name, what in (
            ("none", "No such file"),
            ("pipe", "plain file"),
            ("big", "at most 8 B"),
            ("", "plain file"),
        ):
            with pytest.raises(ArtefactError, match=what):
                read_json(tmp_path / name, max_bytes=8)

    def test_lines(self, tmp_path):
        for record in ({"a": 1}, {"b": 2}):
            files.append_json(tmp_path / "x", record)
        assert list(read_lines(tmp_path / "x")) == [{"a": 1}, {"b": 2}]
        assert list(read_lines(tmp_path / "missing")) == []

    @pytest.mark.parametrize("torn", ['{"c": 3', "{", '{"c": "\udce9', "\0\0\0\0"])
    def test_a_torn_last_line_ends_the_reading(self, tmp_path, torn):
        (tmp_path / "x").write_bytes(b'{"a": 1}\n\n{"b": 2}\n' + torn.encode("utf-8", "surrogateescape"))
        assert list(read_lines(tmp_path / "x")) == [{"a": 1}, {"b": 2}]

    def test_a_broken_line_in_the_middle_is_named(self, tmp_path):
        (tmp_path / "x").write_text('{"a": 1}\n{"b": \n{"c": 3}\n')
        with pytest.raises(ArtefactError) as caught:
            list(read_lines(tmp_path / "x"))
        assert (caught.value.path, caught.value.line) == (str(tmp_path / "x"), 2)

    def test_lines_that_are_not_objects_are_passed_over(self, tmp_path):
        (tmp_path / "x").write_text('1\n[2]\n{"a": 3}\n')
        assert list(read_lines(tmp_path / "x")) == [{"a": 3}]

    def test_lines_of_a_pipe_do_not_hang(self, tmp_path):
        os.mkfifo(tmp_path / "x")
        with pytest.raises(ArtefactError, match="plain file"):
            list(read_lines(tmp_path / "x"))

    def test_every_number_of_a_record_survives(self, tmp_path):
        record = {"loss": 1 / 3, "lr": 1e-12, "n": 2**60}
        files.append_json(tmp_path / "x", record)
        assert list(read_lines(tmp_path / "x")) == [record]
        assert json.loads((tmp_path / "x").read_text()) == record
