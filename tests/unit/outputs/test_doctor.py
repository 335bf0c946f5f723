from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gnomon.core.errors import DataError
from gnomon.core.events import Said
from gnomon.outputs import doctor

ENOUGH = {"memory_free_bytes": 8 << 30}


class Api:
    """Stands for the api: reads a digit from the name of its picture, wrongly for ``num_wrong`` of them."""

    def __init__(self, num_wrong=0, error=None):
        self.num_wrong = num_wrong
        self.error = error
        self.trained = None

    def train(self, path, /, *, budget, out, emit):
        self.trained = (path, budget)
        if self.error:
            raise self.error
        Path(out).mkdir()

    def predict(self, run, inputs, /):
        assert Path(run).is_dir()
        assert all(np.asarray(Image.open(path)).shape == (8, 8) for path in inputs)
        return [{"label": "?" if n < self.num_wrong else Path(path).stem} for n, path in enumerate(inputs)]


@pytest.mark.parametrize(("num_wrong", "passed", "exit_code"), [(0, True, 0), (5, True, 0), (6, False, 4)])
def test_the_self_test_trains_and_then_reads_ten_digits(num_wrong, passed, exit_code):
    api = Api(num_wrong)
    found = doctor.self_test(api.train, api.predict)
    assert api.trained == ("digits", "5s")
    assert (found["passed"], found["exit_code"]) == (passed, exit_code)
    assert f"read {10 - num_wrong} of 10 digits right" in found["text"]


def test_an_error_in_the_self_test_is_shown_with_its_exit_code():
    api = Api(error=DataError("is broken", fix="mend it"))
    found = doctor.self_test(api.train, api.predict)
    assert (found["passed"], found["exit_code"]) == (False, 3)
    assert found["text"] == "error: is broken\nfix: mend it"


def test_a_bug_in_the_self_test_is_not_hidden():
    api = Api(error=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        doctor.self_test(api.train, api.predict)


def test_the_machine_is_described():
    found = doctor.describe_machine()
    assert found["cores"] >= 1
    assert 0 < found["memory_free_bytes"] <= found["memory_bytes"]
    assert found["processor"]


def test_versions_leave_out_what_is_not_installed(monkeypatch):
    monkeypatch.setattr(doctor, "VERSIONS_OF", ("gnomon", "no-such-package"))
    assert set(doctor.versions()) == {"gnomon"}


def test_speeds_are_positive_and_leave_nothing_behind(tmp_path, monkeypatch):
    from gnomon.training import machine

    monkeypatch.setattr(machine, "know", lambda device, *, cache, may_measure: machine._unmeasured(device, "P"))
    found = doctor.measure_speeds(tmp_path)
    assert [speed["what"] for speed in found] == ["training", "decoding", "disk"]
    assert all(speed["value"] > 0 for speed in found)
    assert list(tmp_path.iterdir()) == []
    assert [speed["what"] for speed in doctor.measure_speeds(None)] == ["training", "decoding"]


def test_what_gets_in_the_way_is_said_with_a_remedy():
    full = {"path": "r", "free_bytes": 1 << 20, "writable": True}
    locked = {"path": "c", "free_bytes": 9 << 40, "writable": False}
    unset = {"path": None, "free_bytes": 0, "writable": False}
    found = doctor.warnings({"memory_free_bytes": 1 << 20}, {"runs": full, "cache": locked, "data": unset})
    assert len(found) == 3
    assert "c cannot be written; choose another folder with GNOMON_CACHE" in found[0]
    assert "are free on the disk of r; choose another folder with --out" in found[1]
    assert "data.size_px" in found[2]
    assert doctor.warnings(ENOUGH, {"runs": full | {"free_bytes": 9 << 40}, "data": unset}) == []


def test_everything_comes_together_for_json(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "measure_speeds", lambda cache_dir: [])
    api, told = Api(), []
    found = doctor.examine(
        train=api.train,
        predict=api.predict,
        cache_dir=tmp_path / "not there yet",
        data_dir=None,
        runs_dir=tmp_path,
        emit=told.append,
    )
    assert found["exit_code"] == 0
    assert found["folders"]["cache"]["writable"]
    assert not (tmp_path / "not there yet").exists()
    assert found["folders"]["data"]["path"] is None
    assert any(isinstance(event, Said) and "self-test" in event.text for event in told)
