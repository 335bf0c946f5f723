import json
import types

import pytest

from gnomon.core.errors import ReproducibilityError
from gnomon.core.run import RunFolder, read_lines
from gnomon.sitting import records
from gnomon.training.plan import PlanLog


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def test_records_after_the_checkpoint_are_forgotten(run):
    written = [{"step": step, "split": "train", "loss": 1.0} for step in (1, 2, 3, 4)]
    written.insert(2, {"step": 2, "event": "skipped_batch"})
    run.metrics.write_text("".join(json.dumps(record) + "\n" for record in written))
    records.forget_after(run, 2)
    # the batch that was skipped at step 2 comes after the checkpoint of step 2
    assert list(read_lines(run.metrics)) == written[:2]
    records.forget_after(run, 0)
    assert list(read_lines(run.metrics)) == []


def test_a_torn_record_is_forgotten_and_no_record_is_no_error(run):
    records.forget_after(run, 2)
    run.metrics.write_text('{"step": 1, "loss": 1.0}\n{"step": 2, "lo')
    records.forget_after(run, 5)
    assert run.metrics.read_text() == '{"step": 1, "loss": 1.0}\n'


def test_equal_weights_pass_and_others_are_refused(run):
    records.require_equal(run, run, "a" * 64, "a" * 64)
    with pytest.raises(ReproducibilityError) as caught:
        records.require_equal(run, run, "a" * 64, "b" * 64)
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
    result = records.result(run, log, found, elapsed_s=4.00049)
    assert (result["steps"], result["weights_sha256"], result["elapsed_s"]) == (9, "new", 4.0)
    assert result["baseline"]["name"] == "b"
    assert result["report"] == str(run.report)
    assert records.result(run, log, {**found, "baselines": []}, elapsed_s=1.0)["baseline"] is None
    assert result["threshold"] is None
    judged = {**found, "details": {"valid": {"threshold": {"score": 2.0}}, "test": {"threshold": {"score": 3.0}}}}
    assert records.result(run, log, judged, elapsed_s=1.0)["threshold"] == 3.0


def test_the_environment_names_versions_and_the_machine():
    machine = types.SimpleNamespace(name="a processor", threads=2, memory_bytes=4 * 2**30, measured={"fp32": 5e10})
    found = records.environment(machine)
    assert found["versions"].keys() >= {"torch", "numpy", "pillow", "pyarrow", "safetensors"}
    assert (found["processor"], found["memory_gib"]) == ("a processor", 4.0)
    assert found["precision_speed"] == {"fp32": 50.0}
    json.dumps(found)
