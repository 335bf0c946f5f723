import json

import numpy as np
import pytest
import torch

from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Label, Output, Sequence, Spec, Split
from gnomon.data.stream import Stream
from gnomon.tasks.predict_next import Config, Task


def task_of(num_values=4, unit="character", window=3, **settings):
    text = Sequence(sizes=(num_values,), length=window, unit=unit)
    return Task(Config(**settings), Spec(input=text, target=text))


def stream_of(tokens, window=3):
    column = Stream(np.array(tokens, dtype=np.int32), window, num_bytes=2 * len(tokens), num_characters=len(tokens))
    return Split(inputs=column, targets=column, ids=np.arange(len(column)), hashes=np.zeros(len(column), "V16"))


TEXT = stream_of([1, 2, 3, 1, 2]).inputs


LOGITS = torch.log(
    torch.tensor([[[1.0, 1, 2, 4], [1, 5, 1, 1], [1, 1, 1, 1]], [[1, 1, 1, 1], [1, 1, 1, 5], [2, 4, 1, 1]]])
)
TARGETS = torch.tensor([[3, 2, -1], [-1, 3, 1]])
NATS = -np.log([[4 / 8, 1 / 8], [5 / 8, 4 / 8]])


def kept():
    return task_of().keep(Output(value=LOGITS), TARGETS)


def test_what_is_kept_of_a_window_are_its_nats_its_tokens_and_its_hits():
    found = kept()
    assert found.dtype == torch.float64
    assert found[:, 0].numpy() == pytest.approx(NATS.sum(1), rel=1e-6)
    assert found[:, 1].tolist() == [2, 2]
    assert found[:, 2].tolist() == [1, 2]


def test_scores_worked_by_hand():
    scores = task_of().metrics(kept().numpy(), TEXT, seed=0)
    loss = NATS.mean()
    assert list(scores) == ["loss", "perplexity", "bits_per_character", "bits_per_byte", "token_accuracy"]
    assert scores["loss"].value == pytest.approx(loss, rel=1e-6)
    assert scores["perplexity"].value == pytest.approx(np.exp(loss), rel=1e-6)
    assert scores["bits_per_character"].value == pytest.approx(loss / np.log(2), rel=1e-6)
    assert scores["bits_per_byte"].value == pytest.approx(loss / np.log(2) / 2, rel=1e-6)
    assert scores["token_accuracy"].value == 0.75
    assert all(score.n == 2 for score in scores.values())


BITS = ["bits_per_byte", "bits_per_character"]


@pytest.mark.parametrize(("unit", "bits"), [("byte", BITS[:1]), ("character", BITS), ("subword", BITS), ("word", [])])
def test_bits_are_counted_where_the_tokens_are_all_of_the_text(unit, bits):
    scores = task_of(unit=unit).metrics(kept().numpy(), TEXT, seed=0)
    assert sorted(set(scores) - {"loss", "perplexity", "token_accuracy"}) == bits
    unmeasured = task_of(unit=unit).metrics(kept().numpy(), Stream(TEXT.tokens, 3), seed=0)
    assert set(unmeasured) == {"loss", "perplexity", "token_accuracy"}


def test_loss_is_the_mean_over_the_tokens_that_count():
    assert task_of().loss(Output(value=LOGITS), TARGETS).item() == pytest.approx(NATS.mean(), rel=1e-6)
    smoothed = task_of(label_smoothing=0.4).loss(Output(value=LOGITS[:1, :1]), TARGETS[:1, :1]).item()
    assert smoothed == pytest.approx(-(0.7 * np.log(4 / 8) + 0.1 * (2 * np.log(1 / 8) + np.log(2 / 8))), rel=1e-6)


def test_what_is_kept_is_not_smoothed_and_computed_in_fp32():
    task = task_of(label_smoothing=0.4)
    assert torch.equal(task.keep(Output(value=LOGITS), TARGETS), kept())
    half = task.keep(Output(value=torch.zeros(1, 1, 4, dtype=torch.bfloat16)), torch.tensor([[1]]))
    assert half[0, 0].item() == pytest.approx(np.log(4), rel=1e-6)


def test_the_live_line_shows_the_loss():
    assert task_of().progress_metrics(kept(), None) == {"loss": pytest.approx(NATS.mean(), rel=1e-6)}


def test_intervals_hold_the_value_and_widen_where_neighbours_are_alike():
    generator = np.random.default_rng(0)
    loss = generator.normal(2.0, 0.5, 900)
    alike = np.repeat(generator.normal(2.0, 0.5, 30), 30)
    widths = []
    for nats in (loss, alike):
        sums = np.stack([nats * 50, np.full(900, 50), np.full(900, 25)], axis=1)
        score = task_of().metrics(sums, TEXT, seed=0)["loss"]
        assert score.low < score.value < score.high
        widths.append(score.high - score.low)
    assert widths[1] > 2 * widths[0]


def test_perfect_accuracy_does_not_claim_certainty():
    sums = np.array([[0.1, 5, 5]] * 20)
    score = task_of().metrics(sums, TEXT, seed=0)["token_accuracy"]
    assert score.value == score.high == 1.0
    assert score.low == pytest.approx(20 / (20 + 3.8415), abs=1e-4)
    none_right = task_of().metrics(np.array([[0.1, 5, 0]] * 20), TEXT, seed=0)["token_accuracy"]
    assert (none_right.low, none_right.value) == (0.0, 0.0)
    assert none_right.high == pytest.approx(3.8415 / (20 + 3.8415), abs=1e-4)


def test_a_huge_loss_has_a_finite_perplexity():
    scores = task_of().metrics(np.array([[5000.0, 1, 0]]), TEXT, seed=0)
    json.dumps({name: score.value for name, score in scores.items()}, allow_nan=False)
    assert scores["perplexity"].value > 1e300


def test_nothing_to_measure_and_outputs_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="no token to measure"):
        task_of().metrics(np.zeros((0, 3)), TEXT, seed=0)
    with pytest.raises(DataError, match="no token to measure"):
        task_of().metrics(np.zeros((2, 3)), TEXT, seed=0)
    with pytest.raises(DivergedError, match="not finite"):
        task_of().metrics(np.array([[np.nan, 1, 0]]), TEXT, seed=0)


def test_details_name_the_hardest_windows_and_the_loss_along_the_text():
    sums = np.array([[2.0, 2, 1], [0.0, 0, 0], [9.0, 3, 0]])
    details = task_of().details(sums, TEXT, np.array(["a", "b", "c"], dtype=object))
    assert details["num_tokens"] == 5
    assert details["along"] == [1.0, None, 3.0]
    assert details["worst"] == [
        {"index": 2, "id": "c", "loss": 3.0, "num_tokens": 3},
        {"index": 0, "id": "a", "loss": 1.0, "num_tokens": 2},
    ]
    json.dumps(details, allow_nan=False)


def test_details_of_a_long_text_stay_short():
    sums = np.tile([[2.0, 2, 1]], (1001, 1))
    details = task_of().details(sums, TEXT, np.arange(1001))
    assert len(details["along"]) == 200
    assert len(details["worst"]) == 48
    assert set(details["along"]) == {1.0}


def test_decode_says_how_well_a_text_was_foreseen():
    value = LOGITS[[0, 0, 0]].numpy()
    inputs = np.array([[[1], [3], [2]], [[1], [3], [0]], [[2], [0], [0]]])
    long, short, lonely = task_of().decode(value, inputs)
    assert long["loss"] == pytest.approx(NATS[0].mean(), rel=1e-6)
    assert long["perplexity"] == pytest.approx(np.exp(NATS[0].mean()), rel=1e-6)
    assert long["num_tokens"] == 2
    assert short["loss"] == pytest.approx(NATS[0, 0], rel=1e-6)
    assert lonely == {"loss": None, "perplexity": None, "num_tokens": 0}


def test_the_prior_are_the_frequencies_of_the_tokens():
    prior = task_of().prior(stream_of([1, 1, 3, 1]))
    assert prior == pytest.approx(np.log([1 / 8, 4 / 8, 1 / 8, 2 / 8]))
    assert prior.dtype == np.float32


def test_baselines_count_tokens_and_ngrams():
    train, other = stream_of([1, 2, 1, 2, 1, 2, 1, 3]), stream_of([1, 2, 1, 2, 3])
    found = task_of().baselines(train, other, seed=0)
    assert [entry["name"] for entry in found] == ["token frequencies", "pairs of tokens", "5-grams"]
    # p = (count + 3 kinds · 1/3) / (8 + 3): 1 has 5/11, 2 has 4/11, 3 has 2/11; the first token does not count.
    expected = -np.log(np.array([4, 5, 4, 2]) / 11).mean()
    assert found[0]["scores"]["loss"].value == pytest.approx(expected)
    assert list(found[0]["scores"]) == ["loss", "perplexity", "bits_per_character", "bits_per_byte"]
    assert found[0]["scores"]["loss"].n == 2
    assert found[1]["scores"]["loss"].value < found[0]["scores"]["loss"].value
    names = [entry["name"] for entry in task_of(unit="subword").baselines(train, other, seed=0)]
    assert names == ["token frequencies", "pairs of tokens", "3-grams"]


def test_a_text_of_one_token_has_nothing_to_measure():
    with pytest.raises(DataError, match="no token to measure"):
        task_of().baselines(stream_of([1, 2]), stream_of([1]), seed=0)


def test_what_is_no_text_to_be_continued_and_a_bad_share_are_refused():
    text = Sequence(sizes=(4,), length=3, unit="byte")
    with pytest.raises(DataError, match="Sequence with a Label is no text to be continued"):
        Task(Config(), Spec(input=text, target=Label(classes=("a",))))
    with pytest.raises(UsageError, match=r"label_smoothing = 1.0 is not possible"):
        task_of(label_smoothing=1.0)


def test_what_is_no_stream_is_a_mistake_of_ours():
    split = stream_of([1, 2])
    with pytest.raises(TypeError, match="ndarray is no text"):
        task_of().prior(Split(inputs=np.zeros(3), targets=split.targets, ids=split.ids, hashes=split.hashes))
