import json

import pytest
from fake_run import FakeRun

from gnomon.outputs.bars import Estimate
from gnomon.outputs.record import read_record
from gnomon.outputs.verdict import difference, facts, judge


def judged(fake, change=lambda evaluation: None):
    evaluation = json.loads(fake.run.evaluation.read_text())
    change(evaluation)
    fake.run.evaluation.write_text(json.dumps(evaluation))
    return judge(read_record(fake.run))


def set_scores(ours, baseline):
    def change(evaluation):
        evaluation["scores"]["test"]["accuracy"] = ours
        evaluation["baselines"] = [{"name": "majority class", "split": "test", "scores": {"accuracy": baseline}}]

    return change


def score(value, half, n=400):
    return {"value": value, "low": value - half, "high": value + half, "n": n}


@pytest.mark.parametrize(
    ("ours", "baseline", "tone"),
    [(0.9, 0.8, "good"), (0.82, 0.8, "unsure"), (0.7, 0.8, "bad")],
)
def test_the_tone_follows_the_interval_of_the_difference(tmp_path, ours, baseline, tone):
    verdict = judged(FakeRun(tmp_path), set_scores(score(ours, 0.03), score(baseline, 0.03)))
    assert verdict.tone == tone
    assert verdict.value == f"{ours * 100:.1f}\u202f%"


def test_difference_after_newcombe():
    # Table II (a) of the paper: 56/70 against 48/80 with their Wilson intervals; method 10 gives 0.0524 to 0.3339.
    ours = Estimate(name="a", value=56 / 70, low=0.6918, high=0.8769)
    other = Estimate(name="b", value=48 / 80, low=0.4906, high=0.7005)
    assert difference(ours, other) == pytest.approx((0.0524, 0.3339), abs=2e-4)


def test_a_lower_log_loss_is_better(tmp_path):
    def change(evaluation):
        evaluation["headline"] = "log_loss"

    verdict = judged(FakeRun(tmp_path), change)
    assert verdict.tone == "good"
    assert verdict.sentences[0].startswith("Its log-loss on 360 test pictures is 0.")


def test_plain_words(tmp_path):
    verdict = judged(FakeRun(tmp_path))
    assert verdict.sentences[0] == "Of 360 test pictures it gets 326 right and 34 wrong."
    assert "linear model (ridge), which gets 84.2" in verdict.sentences[1]
    assert verdict.sentences[-1].replace("\u202f", " ") == "It was finished after 29.4 s of the 30 s that it was given."


def test_a_run_over_its_budget_says_so(tmp_path):
    fake = FakeRun(tmp_path)
    text = fake.run.plan.read_text().replace('"elapsed_s": 29.38', '"elapsed_s": 34.0')
    fake.run.plan.write_text(text)
    assert "which is 4 s more than its budget" in judged(fake).sentences[-1].replace("\u202f", " ")


def test_without_a_test_split_the_score_is_called_optimistic(tmp_path):
    verdict = judged(FakeRun(tmp_path, test=False))
    assert verdict.split == "valid"
    assert any("no test split" in sentence for sentence in verdict.sentences)


def test_few_samples_are_a_caution(tmp_path):
    verdict = judged(FakeRun(tmp_path), set_scores(score(0.9, 0.09, n=20), score(0.1, 0.09, n=20)))
    assert any("With so few samples (20)" in sentence for sentence in verdict.sentences)


def test_no_baseline(tmp_path):
    verdict = judged(FakeRun(tmp_path), lambda evaluation: evaluation.update(baselines=[]))
    assert (verdict.tone, verdict.badge) == ("unsure", "No baseline")


def test_an_unfinished_run_shows_what_is_known(tmp_path):
    verdict = judge(read_record(FakeRun(tmp_path, finished=False).run))
    assert (verdict.tone, verdict.split, verdict.chart) == ("open", "valid", "")
    assert verdict.sentences[0].replace("\u202f", " ").startswith("This run is not finished: 37.7 % of its steps")


def test_a_budget_too_small_for_a_step_says_so(tmp_path):
    fake = FakeRun(tmp_path)
    fake.run.plan.write_text(fake.run.plan.read_text().replace('"steps": 1180', '"steps": 0'))
    verdict = judged(fake, set_scores(score(0.1, 0.03), score(0.1, 0.03)))
    assert verdict.badge == "No better than a baseline"
    assert "too small for a single step" in verdict.sentences[2]


def test_facts(tmp_path):
    found = {
        label: (value, remark.replace("\u202f", " "))
        for label, value, remark in facts(read_record(FakeRun(tmp_path).run))
    }
    assert found == {
        "Budget": ("30s", "29.4 s used"),
        "Model": ("cnn", "312 k parameters"),
        "Training data": ("1,257", "pictures of 10 classes"),
        "Steps": ("1,131", "batches of 256"),
        "Machine": ("CPU", "2 threads, fp32"),
    }
