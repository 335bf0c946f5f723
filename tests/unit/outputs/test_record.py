import json

import pytest
from fake_run import FakeRun

from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder
from gnomon.outputs.record import read_record


def test_a_whole_run_has_no_gaps(tmp_path):
    record = read_record(FakeRun(tmp_path).run)
    assert record.gaps == {}
    assert record.finished
    assert record.elapsed_s == 29.38
    assert (len(record.train), len(record.valid), len(record.health), len(record.skipped)) == (188, 21, 1, 2)
    assert record.written == []
    chosen = {choice.key: (choice.value, choice.who) for choice in record.settings}
    assert chosen["train.batch_size"] == (256, "plan")
    assert chosen["data.max_bad"] == (0.01, "default")


def test_only_run_toml_is_needed(tmp_path):
    (tmp_path / "run.toml").write_text("[train]\nlr = 0.1\n")
    record = read_record(RunFolder(tmp_path))
    assert set(record.gaps) == {"plan.jsonl", "data.json", "env.json", "metrics.jsonl", "evaluation.json"}
    assert not record.finished
    assert record.elapsed_s is None
    assert record.settings[0].who == "default"


@pytest.mark.parametrize("text", [None, "not = = toml"])
def test_without_run_toml_it_is_no_run(tmp_path, text):
    if text:
        (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ArtefactError, match=r"no readable run\.toml"):
        read_record(RunFolder(tmp_path))


def test_broken_files_are_named(tmp_path):
    run = FakeRun(tmp_path).run
    run.data.write_text("[1, 2]")
    run.env.write_text('{"gnomon": ')
    record = read_record(run)
    assert record.gaps["data.json"] == "data.json is not a JSON object."
    assert record.gaps["env.json"].startswith("env.json is not valid JSON")
    assert (record.data, record.env) == ({}, {})


def test_a_resume_voids_later_refits_and_repeated_records(tmp_path):
    run = FakeRun(tmp_path).run
    plan = [
        {"event": "plan", "steps": 100},
        {"event": "refit", "at_step": 10, "steps": 90},
        {"event": "refit", "at_step": 50, "steps": 80},
        {"event": "finish", "step": 80},
        {"event": "resume", "at_step": 40},
        {"event": "rollback", "at_step": 30, "from_step": 44},
    ]
    run.plan.write_text("".join(json.dumps(line) + "\n" for line in plan))
    steps = [10, 20, 30, 40, 50, 40, 45]
    lines = [{"split": "train", "step": step, "loss": index} for index, step in enumerate(steps)]
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 46, "spl')
    record = read_record(run)
    assert [refit["at_step"] for refit in record.history.refits] == [10]
    assert record.history.finish == {}
    assert len(record.history.resumes) == len(record.history.rollbacks) == 1
    assert [(line["step"], line["loss"]) for line in record.train] == [(10, 0), (20, 1), (30, 2), (40, 5), (45, 6)]
