import json
import math

import pytest
from fake_run import FakeRun
from fake_sequence_runs import FakeCurves, FakeForecast, FakeTags, FakeTexts, FakeWriter

from gnomon.outputs.bars import Estimate
from gnomon.outputs.record import read_record
from gnomon.outputs.verdict import bits, difference, facts, headline, judge, token_word


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


@pytest.mark.parametrize(("ours", "tone", "words"), [(0.3, "good", "40.0 % below it"), (0.7, "bad", "worse than"),
                                                       (0.49, "unsure", "may be no better")])  # fmt: skip
def test_of_an_error_less_is_better(tmp_path, ours, tone, words):
    def change(evaluation):
        evaluation["scores"]["test"]["mse"] = score(ours, 0.02)
        evaluation["baselines"] = [{"name": "seasonal naive", "split": "test", "scores": {"mse": score(0.5, 0.02)}},
                                   {"name": "last value", "split": "test",
                                    "scores": {"mse": score(0.9, 0.02)}}]  # fmt: skip

    verdict = judged(FakeForecast(tmp_path), change)
    assert (verdict.tone, verdict.direction) == (tone, "lower is better")
    text = verdict.sentences[1].replace("\u202f", " ")
    assert "the best baseline, the seasonal naive, which stands at 0.500" in text
    assert words in text


def test_every_task_has_its_plain_words(tmp_path):
    found = {kind: judge(read_record(kind(tmp_path / kind.__name__).run)) for kind in
             (FakeTexts, FakeTags, FakeWriter, FakeForecast, FakeCurves)}  # fmt: skip
    words = {kind: verdict.sentences[0] for kind, verdict in found.items()}
    assert words[FakeTexts].startswith("Of 80 test texts it gets ")
    assert words[FakeCurves].startswith("Of 60 test series it gets ")
    assert " test words it tags " in words[FakeTags]
    assert words[FakeWriter].startswith("At each character it is as unsure as if it had to guess among ")
    assert "standard deviations" in words[FakeForecast]
    measured = {kind: verdict.measured_on.split()[-1] for kind, verdict in found.items()}
    assert list(measured.values()) == ["samples", "sentences", "windows", "windows", "samples"]
    assert found[FakeTexts].direction == ""
    assert [found[kind].label for kind in (FakeTags, FakeWriter, FakeForecast)] == ["token accuracy", "loss", "MSE"]


def test_baselines_in_the_plural_have_no_article(tmp_path):
    assert "the best baseline, token frequencies, which stands at" in judged(FakeWriter(tmp_path)).sentences[1]


@pytest.mark.parametrize("name", ["from the last value", "pixel by pixel"])
def test_baselines_that_say_how_are_guesses(tmp_path, name):
    def change(evaluation):
        evaluation["baselines"][0]["name"] = name

    assert f"the best baseline, guessing {name}, which stands at" in judged(FakeWriter(tmp_path), change).sentences[1]


def test_what_a_language_model_predicts_is_read_from_its_scores(tmp_path):
    fake = FakeWriter(tmp_path)
    assert token_word(read_record(fake.run)) == "character"
    evaluation = json.loads(fake.run.evaluation.read_text())
    for scores in evaluation["scores"].values():
        nats = scores["loss"]["value"]
        scores["bits_per_byte"] = {**scores.pop("bits_per_character"), "value": nats / 4 / math.log(2)}
    fake.run.evaluation.write_text(json.dumps(evaluation))
    record = read_record(fake.run)  # four bytes a token
    assert token_word(record) == "token"
    assert bits(record) == ("bits_per_byte", pytest.approx(1 / 4 / math.log(2)))
    assert bits(read_record(FakeForecast(tmp_path).run)) == ("", 0.0)


def test_an_unfinished_run_is_watched_by_the_score_of_its_task(tmp_path):
    record = read_record(FakeForecast(tmp_path, finished=False).run)
    assert headline(record) == "mse"
    verdict = judge(record)
    assert (verdict.tone, verdict.value) == ("open", f"{record.valid[-1]['mse']:.3f}")
    assert "latest MSE on the validation samples" in verdict.sentences[1]


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


@pytest.mark.parametrize(("kind", "remark"), [
    (FakeTexts, "texts of 3 classes"), (FakeTags, "sentences with 5 kinds of tags"),
    (FakeWriter, "characters in 1 document"),
    (FakeForecast, "time steps of 2 channels"), (FakeCurves, "series of 3 classes"),
])  # fmt: skip
def test_training_data_is_called_by_its_name(tmp_path, kind, remark):
    assert facts(read_record(kind(tmp_path).run))[2][2] == remark


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


def test_networks_that_took_turns_are_counted(tmp_path):
    fake = FakeRun(tmp_path)
    fake.run.plan.write_text(fake.run.plan.read_text().replace('"steps": 1180', '"steps": 1180, "networks": 3'))
    remark = facts(read_record(fake.run))[1][2].replace("\u202f", " ")
    assert remark == "3 networks of 312 k parameters each"
