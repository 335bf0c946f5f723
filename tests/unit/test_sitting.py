import json
import types

import numpy as np
import pytest
import small_training

from gnomon import sitting
from gnomon.core.errors import ReproducibilityError
from gnomon.core.run import RunFolder, read_lines
from gnomon.core.spec import Dataset
from gnomon.outputs.examples import examples_of
from gnomon.train.plan import PlanLog


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def test_records_after_the_checkpoint_are_forgotten(run):
    records = [{"step": step, "split": "train", "loss": 1.0} for step in (1, 2, 3, 4)]
    records.insert(2, {"step": 2, "event": "skipped_batch"})
    run.metrics.write_text("".join(json.dumps(record) + "\n" for record in records))
    sitting.forget_after(run, 2)
    # the batch that was skipped at step 2 comes after the checkpoint of step 2
    assert list(read_lines(run.metrics)) == records[:2]
    sitting.forget_after(run, 0)
    assert list(read_lines(run.metrics)) == []


def test_a_torn_record_is_forgotten_and_no_record_is_no_error(run):
    sitting.forget_after(run, 2)
    run.metrics.write_text('{"step": 1, "loss": 1.0}\n{"step": 2, "lo')
    sitting.forget_after(run, 5)
    assert run.metrics.read_text() == '{"step": 1, "loss": 1.0}\n'


def test_equal_weights_pass_and_others_are_refused(run):
    sitting.require_equal(run, run, "a" * 64, "a" * 64)
    with pytest.raises(ReproducibilityError) as caught:
        sitting.require_equal(run, run, "a" * 64, "b" * 64)
    assert caught.value.exit_code == 7
    assert "aaaaaaaaaaaa…" in caught.value.what
    assert "bbbbbbbbbbbb…" in caught.value.what


def test_the_result_holds_the_last_finish(run):
    plan = {"task": "classify", "family": "mlp", "budget_s": 5.0}
    log = PlanLog.start(run, plan)
    log.add("finish", step=7, weights_sha256="old")
    log.add("finish", step=9, weights_sha256="new", peak_memory_bytes=3)
    log.add("reported", elapsed_s=4.0)
    baselines = [{"name": name, "scores": {"accuracy": {"value": value}}} for name, value in (("a", 0.2), ("b", 0.6))]
    found = {"scores": {"test": {}}, "baselines": baselines, "headline": "accuracy", "higher_is_better": True}
    result = sitting.result(run, log, found, elapsed_s=4.00049)
    assert (result["steps"], result["weights_sha256"], result["elapsed_s"]) == (9, "new", 4.0)
    assert result["baseline"]["name"] == "b"
    assert result["report"] == str(run.report)
    assert sitting.result(run, log, {**found, "baselines": []}, elapsed_s=1.0)["baseline"] is None


def test_pictures_are_taken_by_split_and_index():
    splits = {"train": small_training.pictures(5), "test": small_training.pictures(4, seed=1)}
    taken = examples_of(
        Dataset(
            name="small",
            source="small",
            reader="made",
            spec=small_training.spec(),
            splits=splits,
            fingerprint="f",
            guesses=(),
            skipped=(),
            facts={},
        )
    ).samples("test", [3, 0])
    np.testing.assert_array_equal(taken, splits["test"].inputs[[3, 0]])


def test_the_environment_names_versions_and_the_machine():
    machine = types.SimpleNamespace(name="a processor", threads=2, memory_bytes=4 * 2**30, measured={"fp32": 5e10})
    found = sitting.environment(machine)
    assert found["versions"].keys() >= {"torch", "numpy", "pillow", "pyarrow", "safetensors"}
    assert (found["processor"], found["memory_gib"]) == ("a processor", 4.0)
    assert found["precision_speed"] == {"fp32": 50.0}
    json.dumps(found)
