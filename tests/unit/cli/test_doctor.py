import pytest

from gnomon.cli import main


def facts(*, passed, exit_code):
    machine = {"platform": "Linux", "python": "3.11", "processor": "P", "cores": 2, "threads": 2}
    machine |= {"memory_bytes": 24 << 30, "memory_free_bytes": 12 << 30, "gpu": None}
    return {
        "machine": machine,
        "speeds": [{"what": "training", "value": 1.45e11, "unit": "FLOP/s"}],
        "folders": {"runs": {"path": "runs", "free_bytes": 5 << 30, "writable": True}},
        "versions": {"gnomon": "0.1.0"},
        "self_test": {"passed": passed, "text": "read 9 of 10 digits right", "seconds": 5.0, "exit_code": exit_code},
        "warnings": [],
        "exit_code": exit_code,
    }


@pytest.mark.parametrize(("passed", "exit_code", "sign"), [(True, 0, "✓"), (False, 4, "✗")])
def test_the_exit_code_is_that_of_the_self_test(api, capsys, passed, exit_code, sign):
    api.answers["doctor"] = facts(passed=passed, exit_code=exit_code)
    assert main(["doctor"]) == exit_code
    assert f"{sign} read 9 of 10 digits right" in capsys.readouterr().out


def test_json_is_what_was_found(api, as_json):
    api.answers["doctor"] = facts(passed=False, exit_code=3)
    code, printed, _ = as_json("doctor")
    assert (code, printed) == (3, facts(passed=False, exit_code=3))
