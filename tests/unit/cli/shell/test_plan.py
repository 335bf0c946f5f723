import pytest

from gnomon.cli.shell import plan
from gnomon.cli.shell.rows import plain

PLAN = {
    "family": "cnn",
    "num_parameters": 1_234_567,
    "batch_size": 512,
    "steps": 980,
    "passes": 10.03,
    "precision": "bf16",
    "device": "cpu",
    "threads": 2,
    "phases": [{"from_progress": 0.0, "size": 24}, {"from_progress": 0.5, "size": 32}],
    "unit": "px",
    "budget": {"text": "5m", "kind": "time", "value": 300.0},
    "reserve_s": {"evaluate": 6.0, "report": 1.5},
    "expected_finish_s": 299.0,
    "why": ["pictures", "time"],
}


def shown(changes):
    return [plain(row) for row in plan.rows(PLAN | changes)]


def test_network_pictures_steps_finish_and_reasons_are_named():
    assert shown({}) == [
        "",
        "Plan",
        "  network     cnn · 1.23M parameters · bf16 on cpu, 2 threads",
        "  pictures    24 px, 32 px from 50\u00a0% on",
        "  steps       980 of 512 pictures each · 10 passes over the data",
        "  finish      after 4m59s of 5m · 6.0s kept for evaluate · 1.5s kept for report",
        "  because     pictures",
        "              time",
        "",
    ]


@pytest.mark.parametrize(
    ("passes", "words"),
    [(1234.5, "1,234 passes over"), (9.96, "10.0 passes over"), (3.14, "3.1 passes over"), (1.02, "1 pass over"),
     (0.5, "0.5 passes over"), (0.06, "6\u00a0% of a pass over"), (0.004, "0.4\u00a0% of a pass over")],
)  # fmt: skip
def test_passes_have_a_digit_more_where_they_are_few(passes, words):
    assert words in "\n".join(shown({"passes": passes}))


def test_networks_that_take_turns_are_told():
    assert "cnn · 3 of them, one after another · 1.23M parameters each · bf16" in "\n".join(shown({"networks": 3}))
    assert shown({"networks": 1}) == shown({})


def test_a_plan_of_an_older_version_and_plans_of_other_sizes_read_alike():
    old = {"phases": [{"from_progress": 0.0, "size_px": 24}, {"from_progress": 0.5, "size_px": 32}]}
    assert shown(old) == shown({})
    del (older := dict(PLAN))["passes"]
    assert "512 pictures each" in [plain(row) for row in plan.rows(older)][4]
    text = "\n".join(shown({"phases": [{"from_progress": 0.0, "size": 128}], "unit": "tokens"}))
    assert "length      128 tokens" in text
    assert "512 samples each" in text


def test_a_budget_that_is_no_time_promises_no_finish():
    text = "\n".join(shown({"budget": {"text": "2000steps"}, "expected_finish_s": None}))
    assert "2000steps, however long it takes" in text
    assert "finish" not in text


def test_data_without_resolution_and_a_gpu_leave_out_what_does_not_apply():
    text = "\n".join(shown({"phases": [], "device": "cuda"}))
    assert "pictures " not in text
    assert "bf16 on cuda\n" in text
