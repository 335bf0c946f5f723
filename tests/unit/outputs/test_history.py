import json
import math

import pytest
from fake_run import FakeRun
from fake_sequence_runs import FakeForecast, FakeTexts, FakeWriter

from gnomon.outputs.history import curves
from gnomon.outputs.record import read_record


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return curves(read_record(FakeRun(tmp_path_factory.mktemp("run")).run))


def test_the_same_charts_over_time_and_over_steps(found):
    assert [group["label"] for group in found["groups"]] == ["time", "steps"]
    for group in found["groups"]:
        titles = [chart["title"] for chart in group["charts"]]
        assert titles == ["Validation accuracy", "Loss", "Learning rate", "Pictures per second"]


def test_resolution_phases_follow_the_progress(found):
    over_steps = found["groups"][1]["bands"]
    assert [band[2] for band in over_steps] == ["6 px", "8 px"]
    # Progress 0.55 of 1,131 steps, on an axis that ends at the last record, step 1,128.
    assert over_steps[1][0] == pytest.approx(100 * 0.55 * 1131 / 1128, abs=0.1)


def test_refits_are_marked(found):
    assert found["num_refits"] == 2
    assert found["groups"][0]["charts"][0]["svg"].count('class="mark"') == 2


def test_the_best_baseline_is_a_level(found):
    assert "best baseline" in found["groups"][0]["charts"][0]["svg"]


def test_a_lost_loss_leaves_a_gap(tmp_path):
    run = FakeRun(tmp_path).run
    with run.metrics.open("a") as file:
        file.write('{"step": 1130, "progress": 0.999, "elapsed_s": 28.1, "split": "train", "loss": NaN, "lr": 0.001}\n')
    assert "nan" not in curves(read_record(run))["groups"][0]["charts"][1]["svg"]


def test_log_loss_stands_in_for_a_missing_validation_loss(tmp_path):
    run = FakeRun(tmp_path).run
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    for line in lines:
        if line.get("split") == "valid":
            line["log_loss"] = line.pop("loss")
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    loss = curves(read_record(run))["groups"][0]["charts"][1]
    assert [line["label"] for line in loss["lines"]][-1] == "validation log-loss"


def titles(run):
    return [chart["title"] for chart in curves(read_record(run))["groups"][0]["charts"]]


def test_a_language_model_is_drawn_in_nats_with_bits_beside(tmp_path):
    run = FakeWriter(tmp_path).run
    charts = curves(read_record(run))["groups"][0]["charts"]
    assert [chart["title"] for chart in charts] == [
        "Loss, nats a character", "Validation perplexity", "Validation bits per character", "Learning rate",
        "Windows per second",
    ]  # fmt: skip
    last = read_record(run).valid[-1]["loss"]
    assert charts[0]["lines"][-1]["last"] == f"{last:.3f}"
    assert charts[1]["lines"][-1]["last"] == f"{math.exp(last):.3f}"
    assert charts[2]["lines"][-1]["last"] == f"{last / math.log(2):.3f}"
    assert "best baseline" in charts[0]["svg"]


def test_an_unfinished_language_model_shows_its_perplexity(tmp_path):
    assert titles(FakeWriter(tmp_path, finished=False).run)[:2] == ["Loss, nats a token", "Validation perplexity"]


def test_the_speed_is_that_of_what_the_batches_hold(tmp_path):
    assert titles(FakeTexts(tmp_path).run)[-1] == "Texts per second"
    assert titles(FakeForecast(tmp_path).run)[0] == "Validation MSE"


def test_the_baseline_of_a_series_is_no_level_for_its_validation_span(tmp_path):
    svg = curves(read_record(FakeForecast(tmp_path).run))["groups"][0]["charts"][0]["svg"]
    assert "best baseline" not in svg


def test_plans_in_pixels_and_in_tokens_give_bands(tmp_path):
    run = FakeTexts(tmp_path).run
    phases = [{"from_progress": 0.0, "size": 32}, {"from_progress": 0.5, "size": 64}]
    plan, *rest = run.plan.read_text().splitlines()
    run.plan.write_text("\n".join([json.dumps(json.loads(plan) | {"phases": phases, "unit": "tokens"}), *rest]) + "\n")
    assert [band[2] for band in curves(read_record(run))["groups"][1]["bands"]] == ["32 tokens", "64 tokens"]


def test_too_few_records_draw_nothing(tmp_path):
    run = FakeRun(tmp_path).run
    run.metrics.write_text(run.metrics.read_text().splitlines()[0] + "\n")
    assert curves(read_record(run)) == {}
