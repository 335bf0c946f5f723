import json

import numpy as np
import pytest
import sklearn.metrics as oracle
import torch

from gnomon.core.errors import DataError, DivergedError, UsageError
from gnomon.core.spec import Image, Label, Output, Spec, Split
from gnomon.tasks.classify import Config, Task


def task_of(num_classes, *, side=4, channels=1, **settings):
    classes = tuple(f"class {k}" for k in range(num_classes))
    image = Image(height_px=side, width_px=side, channels=channels)
    return Task(Config(**settings), Spec(input=image, target=Label(classes=classes)))


def answers(num_samples, num_classes, seed=0, skill=1.5):
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, num_classes, num_samples)
    logits = generator.normal(size=(num_samples, num_classes)).astype(np.float32)
    logits[np.arange(num_samples), targets] += skill
    return logits, targets


def split_of(pixels, targets):
    n = len(targets)
    return Split(
        inputs=pixels,
        targets=np.asarray(targets, dtype=np.int64),
        ids=np.array([f"{i}.png" for i in range(n)], dtype=object),
        hashes=np.arange(2 * n, dtype=np.uint64).view("V16"),
    )


def test_scores_worked_by_hand():
    # Two classes; p(true) = 3/4, 1/2 (tie, class 0 wins, true), 1/4: two of three right.
    logits = np.log(np.array([[3, 1], [1, 1], [3, 1]], dtype=np.float32))
    targets = np.array([0, 0, 1])
    scores = task_of(2).metrics(logits, targets, seed=0)
    assert list(scores) == ["accuracy", "log_loss", "ece", "f1", "balanced_accuracy", "auroc", "auprc"]
    assert scores["accuracy"].value == pytest.approx(2 / 3)
    assert scores["log_loss"].value == pytest.approx((np.log(4 / 3) + np.log(2) + np.log(4)) / 3)
    # Bin of 0.75 holds two samples, one right: |1 - 1.5| / 3; bin of 0.5 holds one, right: |1 - 0.5| / 3.
    assert scores["ece"].value == pytest.approx(1 / 3, abs=1e-6)
    # Class 0: precision 2/3, recall 1 → 0.8; class 1: 0.
    assert scores["f1"].value == pytest.approx(0.4)
    # Recall 1 and 0. The rarer class 1 scores as high as one of the other class and lower than the other one.
    assert scores["balanced_accuracy"].value == pytest.approx(0.5)
    assert scores["auroc"].value == pytest.approx(0.25)
    assert scores["auprc"].value == pytest.approx(1 / 3)
    assert all(score.n == 3 for score in scores.values())


@pytest.mark.parametrize("num_classes", [2, 10, 37])
def test_scores_agree_with_scikit_learn(num_classes):
    logits, targets = answers(700, num_classes)
    scores = task_of(num_classes).metrics(logits, targets, seed=0)
    probabilities = torch.softmax(torch.from_numpy(logits).double(), 1).numpy()
    predicted = logits.argmax(1)
    labels = range(num_classes)
    assert scores["accuracy"].value == pytest.approx(oracle.accuracy_score(targets, predicted))
    assert scores["log_loss"].value == pytest.approx(oracle.log_loss(targets, probabilities, labels=labels))
    assert scores["f1"].value == pytest.approx(oracle.f1_score(targets, predicted, average="macro"))
    assert ("top5" in scores) == (num_classes > 10)
    if "top5" in scores:
        top5 = oracle.top_k_accuracy_score(targets, logits, k=5, labels=labels)
        assert scores["top5"].value == pytest.approx(top5)


def test_per_class_numbers_and_confusion_agree_with_scikit_learn():
    logits, targets = answers(300, 5)
    details = task_of(5).details(logits, targets, split_of(None, targets).ids)
    predicted = logits.argmax(1)
    expected = oracle.precision_recall_fscore_support(targets, predicted, zero_division=0)
    for k, row in enumerate(details["per_class"]):
        found = [row["precision"], row["recall"], row["f1"], row["support"]]
        assert found == pytest.approx([column[k] for column in expected])
    assert details["confusion"] == oracle.confusion_matrix(targets, predicted).tolist()
    json.dumps(details, allow_nan=False)


@pytest.mark.parametrize("skill", [0.0, 1.5, 4.0])
def test_every_value_lies_inside_its_interval(skill):
    logits, targets = answers(400, 12, skill=skill)
    scores = task_of(12).metrics(logits, targets, seed=3)
    assert len(scores) == 5
    for name, score in scores.items():
        assert 0 <= score.low < score.value <= score.high, name
        assert score.high <= 1 or name == "log_loss"
        assert score.value < score.high or score.value == 1


def test_a_calibrated_model_has_an_interval_around_its_small_error():
    generator = np.random.default_rng(0)
    chance = generator.uniform(0.5, 1.0, 2000)
    targets = (generator.uniform(size=2000) > chance).astype(np.int64)
    logits = np.log(np.stack([chance, 1 - chance], axis=1)).astype(np.float32)
    ece = task_of(2).metrics(logits, targets, seed=0)["ece"]
    assert ece.low <= ece.value <= ece.high
    assert ece.value < 0.04


def test_a_perfect_score_does_not_claim_certainty():
    targets = np.arange(20) % 2
    logits = (np.eye(2) * 9).astype(np.float32)[targets]
    scores = task_of(2).metrics(logits, targets, seed=0)
    for name in ("accuracy", "f1"):
        assert scores[name].value == scores[name].high == 1.0
        assert scores[name].low == pytest.approx(20 / (20 + 3.8415), abs=1e-4)


def test_classes_that_never_occur_do_not_lower_macro_f1():
    targets = np.array([0, 0, 1, 1])
    logits = np.zeros((4, 3), dtype=np.float32)
    logits[np.arange(4), [0, 0, 1, 0]] = 5
    found = task_of(3).metrics(logits, targets, seed=0)["f1"].value
    assert found == pytest.approx(oracle.f1_score(targets, [0, 0, 1, 0], average="macro"))


def test_scores_are_a_pure_function_of_the_seed():
    logits, targets = answers(200, 11)
    task = task_of(11)
    assert task.metrics(logits, targets, seed=1) == task.metrics(logits, targets, seed=1)
    assert task.metrics(logits, targets, seed=1)["ece"] != task.metrics(logits, targets, seed=2)["ece"]


def test_huge_logits_do_not_overflow():
    logits = np.array([[3e38, -3e38], [3e38, -3e38]], dtype=np.float32)
    scores = task_of(2).metrics(logits, np.array([0, 0]), seed=0)
    assert scores["log_loss"].value == 0.0
    assert scores["accuracy"].value == 1.0


def test_logits_that_are_not_finite_are_refused():
    with pytest.raises(DivergedError, match="not finite"):
        task_of(2).metrics(np.array([[np.nan, 0.0]], dtype=np.float32), np.array([0]), seed=0)


def test_no_samples_are_refused():
    with pytest.raises(DataError, match="no sample to measure"):
        task_of(2).metrics(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), seed=0)


def test_calibration_bins_hold_every_sample_once():
    logits, targets = answers(500, 4)
    bins = task_of(4).details(logits, targets, split_of(None, targets).ids)["calibration"]
    assert len(bins) == 15
    assert sum(b["n"] for b in bins) == 500
    assert (bins[0]["low"], bins[-1]["high"]) == (0.0, 1.0)
    assert all(b["low"] <= b["confidence"] <= b["high"] for b in bins if b["n"])
    error = sum(b["n"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / 500
    assert error == pytest.approx(task_of(4).metrics(logits, targets, seed=0)["ece"].value)


def test_worst_are_the_most_confident_mistakes_first():
    logits = np.array([[0, 2], [0, 5], [0, 9], [3, 0]], dtype=np.float32)
    targets = np.array([0, 0, 1, 1])
    worst = task_of(2).details(logits, targets, split_of(None, targets).ids)["worst"]
    assert [row["index"] for row in worst] == [1, 3, 0]
    assert worst[0] == {
        "index": 1,
        "id": "1.png",
        "true": "class 0",
        "predicted": "class 1",
        "confidence": pytest.approx(1 / (1 + np.exp(-5))),
        "probability_of_true": pytest.approx(1 - 1 / (1 + np.exp(-5))),
    }


def test_at_most_48_worst_and_10_confused_pairs_are_kept():
    logits, targets = answers(900, 9, skill=0.0)
    details = task_of(9).details(logits, targets, split_of(None, targets).ids)
    assert len(details["worst"]) == 48
    counts = [row["n"] for row in details["confused"]]
    assert len(counts) == 10
    assert counts == sorted(counts, reverse=True)
    assert all(row["true"] != row["predicted"] for row in details["confused"])


def test_no_mistake_gives_empty_lists():
    targets = np.array([0, 1])
    details = task_of(2).details(np.eye(2, dtype=np.float32), targets, split_of(None, targets).ids)
    assert details["worst"] == []
    assert details["confused"] == []


def test_decode_names_the_likeliest_classes():
    logits = np.log(np.array([[0.1, 0.6, 0.3], [0.5, 0.25, 0.25]], dtype=np.float32))
    first, second = task_of(3).decode(logits, logits)
    assert first["label"] == "class 1"
    assert first["confidence"] == pytest.approx(0.6)
    assert [entry["label"] for entry in first["top"]] == ["class 1", "class 2", "class 0"]
    assert [entry["label"] for entry in second["top"]] == ["class 0", "class 1", "class 2"]
    assert len(task_of(20).decode(np.zeros((1, 20), np.float32), np.zeros((1, 1)))[0]["top"]) == 5


def test_loss_is_cross_entropy_with_smoothing():
    # p = (3/4, 1/4); smoothing 0.2 over two classes: -(0.9 ln 0.75 + 0.1 ln 0.25)
    logits = torch.log(torch.tensor([[3.0, 1.0]]))
    loss = task_of(2, label_smoothing=0.2).loss(Output(value=logits), torch.tensor([0]))
    assert loss.item() == pytest.approx(-(0.9 * np.log(0.75) + 0.1 * np.log(0.25)))
    assert task_of(2).label_smoothing == 0.1


def test_margins_learn_by_a_loss_of_their_own():
    logits, targets = torch.zeros(2, 3), torch.tensor([0, 2])
    margins = torch.tensor([[[2.0, -1.0, 0.5]], [[0.0, -3.0, 1.0]]], requires_grad=True)
    loss = task_of(3).loss(Output(logits, margins=margins), targets)
    assert loss.item() == pytest.approx(np.log(3))  # the logits' loss alone is shown
    loss.backward()
    # squared hinge, halved by the mean of two samples: 2 (1 + 0.5) / 2 above the margin of -1, and 2 (1 + 0) / 2
    torch.testing.assert_close(margins.grad, torch.tensor([[[0.0, 0.0, 1.5]], [[1.0, 0.0, 0.0]]]))


def test_loss_of_half_precision_logits_is_computed_in_fp32():
    loss = task_of(2).loss(Output(value=torch.zeros(3, 2, dtype=torch.bfloat16)), torch.tensor([0, 1, 0]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(np.log(2))


def test_progress_metrics_are_not_smoothed():
    logits = torch.log(torch.tensor([[3.0, 1.0], [3.0, 1.0]]))
    found = task_of(2).progress_metrics(logits, torch.tensor([0, 1]))
    assert found["accuracy"] == 0.5
    assert found["log_loss"] == pytest.approx((np.log(4 / 3) + np.log(4)) / 2)


def test_a_target_that_is_no_label_and_a_bad_share_are_refused():
    image = Image(height_px=4, width_px=4, channels=1)
    with pytest.raises(DataError, match="target is a Image, not a label"):
        Task(Config(), Spec(input=image, target=image))
    with pytest.raises(UsageError, match=r"label_smoothing = 1.0 is not a share"):
        task_of(2, label_smoothing=1.0)


def test_majority_baseline_answers_with_the_shares_of_train():
    task = task_of(3, side=40)
    train = split_of(np.zeros((6, 40, 40, 1), np.uint8), [1, 1, 1, 1, 0, 2])
    other = split_of(np.zeros((4, 40, 40, 1), np.uint8), [1, 1, 0, 2])
    (found,) = task.baselines(train, other, seed=0)
    assert found["name"] == "majority class"
    assert found["scores"]["accuracy"].value == 0.5
    # Shares with one sample added to each class: 2/9, 5/9, 2/9.
    expected = -(2 * np.log(5 / 9) + 2 * np.log(2 / 9)) / 4
    assert found["scores"]["log_loss"].value == pytest.approx(expected)


def test_linear_baseline_beats_the_majority_on_digits():
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = digits.images.astype(np.uint8)[..., None]
    train = split_of(pixels[:1400], digits.target[:1400])
    other = split_of(pixels[1400:], digits.target[1400:])
    majority, linear = task_of(10, side=8).baselines(train, other, seed=0)
    assert linear["name"] == "linear model (ridge)"
    assert set(linear["scores"]) == {"accuracy", "f1"}
    assert majority["scores"]["accuracy"].value < 0.2
    assert 0.85 < linear["scores"]["accuracy"].value < 0.95


class TestRareClasses:
    def scores(self, counts, num_classes):
        targets = np.repeat(np.arange(len(counts)), counts)
        logits, _ = answers(len(targets), num_classes)
        return logits, targets, task_of(num_classes).metrics(logits, targets, seed=0)

    def test_of_two_classes_the_rarer_is_looked_for(self):
        logits, targets, scores = self.scores([20, 180], 2)
        margins = logits[:, 0] - logits[:, 1]
        assert scores["auprc"].value == pytest.approx(oracle.average_precision_score(targets == 0, margins))
        assert scores["auroc"].value == pytest.approx(oracle.roc_auc_score(targets == 0, margins))
        wanted = oracle.balanced_accuracy_score(targets, logits.argmax(1))
        assert scores["balanced_accuracy"].value == pytest.approx(wanted)

    def test_balanced_accuracy_is_for_rare_classes(self):
        assert "balanced_accuracy" in self.scores([100, 100, 10], 3)[2]
        assert "balanced_accuracy" not in self.scores([100, 100, 60], 3)[2]

    def test_one_class_alone_has_no_order(self):
        scores = self.scores([30], 2)[2]
        assert "auroc" not in scores
        assert scores["balanced_accuracy"].n == 30


def test_costs_are_what_the_accuracy_lacks():
    logits, targets = answers(50, 3)
    task = task_of(3)
    assert 1 - task.costs(logits, targets).mean() == pytest.approx(
        task.metrics(logits, targets, seed=0)["accuracy"].value
    )


def test_what_is_shown_are_probabilities():
    assert task_of(2).shown(np.log([[0.25, 0.75]]))["class 1"].tolist() == pytest.approx([0.75])
    logits, _ = answers(20, 9)
    shown = task_of(9).shown(logits)
    assert len(shown) == 5
    assert all(((values > 0) & (values < 1)).all() for values in shown.values())
