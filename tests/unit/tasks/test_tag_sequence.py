import json

import numpy as np
import pytest
import torch

from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Label, Output, Sequence, Spec, Split, Tags
from gnomon.data.ragged import Ragged
from gnomon.tasks.tag_sequence import Config, Task

WORDS = Sequence(sizes=(20, 5), length=8, unit="word")
POS = ("NOUN", "VERB", "X")
NAMES = ("O", "B-PER", "I-PER", "B-LOC")


def task_of(classes=POS, **settings):
    return Task(Config(**settings), Spec(input=WORDS, target=Tags(classes=classes)))


def ragged(samples):
    return Ragged.of([np.array(sample, dtype=np.int64) for sample in samples], like=np.zeros(0, np.int64))


def kept_of(predicted, true, nats=0.5):
    predicted, true = np.concatenate(predicted), np.concatenate(true)
    return np.stack([predicted, np.full(len(true), nats), true], axis=1).astype(np.float32)


def split_of(words, tags):
    samples = [np.stack([np.array(sample), np.ones(len(sample), int)], axis=1) for sample in words]
    return Split(
        inputs=Ragged.of(samples, like=np.zeros((0, 2), np.int64)),
        targets=ragged(tags),
        ids=np.array([f"s{i}" for i in range(len(words))], dtype=object),
        hashes=np.zeros(len(words), "V16"),
    )


LOGITS = torch.log(torch.tensor([[[2.0, 1, 1], [1, 3, 4]], [[6, 1, 1], [1, 1, 1]]]))
TARGETS = torch.tensor([[0, 1], [0, -1]])


def test_what_is_kept_of_a_token_is_its_tag_as_told_its_loss_and_its_true_tag():
    found = task_of().keep(Output(value=LOGITS), TARGETS)
    assert found[:, 0].tolist() == [0, 2, 0]
    assert found[:, 1].numpy() == pytest.approx(-np.log([2 / 4, 3 / 8, 6 / 8]), rel=1e-6)
    assert found[:, 2].tolist() == [0, 1, 0]


def test_loss_is_the_mean_over_the_tokens_that_count():
    expected = -np.log([2 / 4, 3 / 8, 6 / 8]).mean()
    assert task_of().loss(Output(value=LOGITS), TARGETS).item() == pytest.approx(expected, rel=1e-6)
    smoothed = task_of(label_smoothing=0.3).loss(Output(value=LOGITS[:1, :1]), TARGETS[:1, :1]).item()
    assert smoothed == pytest.approx(-(0.8 * np.log(2 / 4) + 0.2 * np.log(1 / 4)), rel=1e-6)


def test_scores_worked_by_hand():
    targets = ragged([[0, 1, 1], [2], [0, 0]])
    kept = kept_of([[0, 1, 2], [2], [1, 1]], [[0, 1, 1], [2], [0, 0]])
    scores = task_of().metrics(kept, targets, seed=0)
    assert list(scores) == ["token_accuracy", "sentence_accuracy", "log_loss"]
    assert scores["token_accuracy"].value == pytest.approx(3 / 6)
    assert scores["sentence_accuracy"].value == pytest.approx(1 / 3)
    assert scores["log_loss"].value == pytest.approx(0.5)
    assert all(score.low <= score.value <= score.high and score.n == 3 for score in scores.values())


def test_spans_are_measured_where_the_tags_name_them():
    true = [[1, 2, 0, 3], [0, 1]]
    told = [[1, 2, 0, 1], [0, 1]]
    scores = task_of(NAMES).metrics(kept_of(told, true), ragged(true), seed=0)
    # Two of three true spans, two of three told ones.
    assert scores["span_f1"].value == pytest.approx(2 / 3)
    assert list(scores) == ["token_accuracy", "span_f1", "sentence_accuracy", "log_loss"]
    details = task_of(NAMES).details(kept_of(told, true), ragged(true), np.array(["a", "b"], dtype=object))
    assert [(row["name"], row["support"]) for row in details["spans"]] == [("LOC", 1), ("PER", 2)]


def test_tokens_without_a_tag_do_not_count():
    targets = ragged([[0, -1, 1], [-1]])
    kept = kept_of([[0, 1]], [[0, 1]])
    scores = task_of().metrics(kept, targets, seed=0)
    assert scores["token_accuracy"].value == 1.0
    assert scores["sentence_accuracy"].n == 1


def test_the_interval_of_token_accuracy_is_over_sentences():
    generator = np.random.default_rng(0)
    right = np.repeat(generator.random(100) < 0.7, 30)  # sentences that are right or wrong as a whole
    true = [[0] * 30] * 100
    told = np.where(right, 0, 1).reshape(100, 30)
    score = task_of().metrics(kept_of(list(told), true), ragged(true), seed=0)["token_accuracy"]
    assert score.high - score.low > 0.13  # Wilson over 3,000 tokens would claim 0.03


def test_perfect_and_worthless_answers_do_not_claim_certainty():
    true = [[0, 1]] * 20
    perfect = task_of().metrics(kept_of(true, true), ragged(true), seed=0)["token_accuracy"]
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert perfect.low == pytest.approx(20 / (20 + 3.8415), abs=1e-4)
    wrong = task_of().metrics(kept_of([[2, 2]] * 20, true), ragged(true), seed=0)["token_accuracy"]
    assert (wrong.low, wrong.value) == (0.0, 0.0)
    assert 0 < wrong.high < 0.2


def test_no_span_at_all_gives_an_f1_of_zero():
    true = [[0, 0], [0]]
    score = task_of(NAMES).metrics(kept_of(true, true), ragged(true), seed=0)["span_f1"]
    assert score.value == 0.0
    assert score.low <= score.value <= score.high


def test_details_show_the_sentences_told_worst():
    true = [[0, 1], [2, 2, 2], [0]]
    told = [[0, 0], [1, 2, 1], [0]]
    kept = kept_of(told, true)
    kept[:2, 1] = [0.1, 3.0]
    details = task_of().details(kept, ragged(true), np.array(["a", "b", "c"], dtype=object))
    assert [row["id"] for row in details["worst"]] == ["a", "b"]
    assert details["worst"][0] == {
        "index": 0,
        "id": "a",
        "loss": pytest.approx(1.55),
        "num_tokens": 2,
        "num_wrong": 1,
        "mistakes": [{"place": 1, "true": "VERB", "predicted": "NOUN"}],
    }
    assert details["worst"][1]["num_wrong"] == 2
    assert details["confusion"] == [[2, 0, 0], [1, 0, 0], [0, 2, 1]]
    assert details["confused"][0] == {"true": "X", "predicted": "VERB", "n": 2}
    assert details["num_tokens"] == 6
    assert json.loads(json.dumps(details, allow_nan=False)) == details


def test_many_mistakes_are_not_all_listed():
    true, told = [[0] * 30] * 60, [[1] * 30] * 60
    worst = task_of().details(kept_of(told, true), ragged(true), np.arange(60))["worst"]
    assert len(worst) == 48
    assert len(worst[0]["mistakes"]) == 20


def test_decode_gives_each_word_its_tag():
    inputs = np.array([[[3, 1], [4, 0]], [[5, 1], [0, 0]]])
    first, second = task_of().decode(LOGITS.numpy(), inputs)
    assert first["tags"] == ["NOUN", "X"]
    assert first["confidence"] == pytest.approx([0.5, 0.5])
    assert second == {"tags": ["NOUN"], "confidence": [pytest.approx(0.75)]}


def test_the_live_line_shows_what_the_metrics_say():
    true = [[0, 1, 1], [2]]
    kept = kept_of([[0, 1, 2], [2]], true)
    found = task_of().progress_metrics(torch.from_numpy(kept), ragged(true))
    assert found == {"token_accuracy": 0.75, "log_loss": 0.5}


def test_the_prior_are_the_shares_of_the_tags():
    prior = task_of().prior(split_of([[4, 5, 6]], [[1, 1, -1]]))
    assert prior == pytest.approx(np.log([1 / 5, 3 / 5, 1 / 5]))


def test_baselines_are_the_most_frequent_tag_and_that_of_each_word():
    train = split_of([[4, 5, 4], [6, 6]], [[0, 1, 0], [2, 0]])
    other = split_of([[4, 5], [9]], [[0, 1], [1]])
    overall, by_word = task_of().baselines(train, other, seed=0)
    assert overall["name"] == "most frequent tag"
    assert overall["scores"]["token_accuracy"].value == pytest.approx(1 / 3)
    assert by_word["name"] == "most frequent tag of each word"
    assert by_word["scores"]["token_accuracy"].value == pytest.approx(2 / 3)
    assert list(by_word["scores"]) == ["token_accuracy", "sentence_accuracy"]


def test_nothing_to_measure_and_outputs_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="no tagged word to measure"):
        task_of().metrics(np.zeros((0, 3)), ragged([[-1]]), seed=0)
    with pytest.raises(DivergedError, match="not finite"):
        task_of().metrics(kept_of([[0]], [[0]], nats=np.nan), ragged([[0]]), seed=0)


def test_what_is_no_tagged_text_and_a_bad_share_are_refused():
    with pytest.raises(DataError, match="Sequence with a Label is no tagged text"):
        Task(Config(), Spec(input=WORDS, target=Label(classes=("a",))))
    with pytest.raises(UsageError, match=r"label_smoothing = -0.1 is not possible"):
        task_of(label_smoothing=-0.1)
