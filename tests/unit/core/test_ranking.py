import numpy as np
import pytest
import sklearn.metrics as oracle

from gnomon.core import ranking


def drawn(num_samples=400, *, share=0.3, skill=1.0, seed=0):
    generator = np.random.default_rng(seed)
    positive = generator.random(num_samples) < share
    return np.round(generator.normal(size=num_samples) + skill * positive, 1), positive


class TestAuroc:
    def test_worked_by_hand(self):
        # Of six pairs four are in order, and one is a tie.
        score = ranking.auroc(np.array([3.0, 1.0, 2.0, 1.0, 0.0]), np.array([True, True, False, False, False]))
        assert score.value == pytest.approx((3 + 1.5) / 6)
        assert score.low < score.value < score.high
        assert score.n == 5

    def test_agrees_with_scikit_learn_ties_and_all(self):
        scores, positive = drawn()
        assert ranking.auroc(scores, positive).value == pytest.approx(oracle.roc_auc_score(positive, scores))

    def test_scores_that_say_nothing_are_a_half(self):
        score = ranking.auroc(np.zeros(50), np.arange(50) < 20)
        assert score.value == 0.5
        assert 0 <= score.low <= 0.5 <= score.high <= 1

    def test_a_perfect_order_is_not_certain(self):
        score = ranking.auroc(np.arange(40.0), np.arange(40) >= 30)
        assert score.value == score.high == 1.0
        assert 0.6 < score.low < 0.9  # ten samples of the rarer class

    def test_the_interval_covers_about_19_of_20_times(self):
        truth = ranking.auroc(*drawn(200_000, seed=99)).value
        found = [ranking.auroc(*drawn(200, seed=seed)) for seed in range(200)]
        covered = np.mean([score.low <= truth <= score.high for score in found])
        assert 0.9 <= covered <= 0.99

    def test_one_kind_alone_is_refused(self):
        with pytest.raises(ValueError, match="no samples of both kinds"):
            ranking.auroc(np.zeros(3), np.ones(3, bool))


class TestAuprc:
    def test_worked_by_hand(self):
        # In falling order: +, -, +, -: precision 1 and 2/3 at the two positives.
        score = ranking.auprc(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]))
        assert score.value == pytest.approx((1 + 2 / 3) / 2)
        assert score.low < score.value < score.high

    def test_agrees_with_scikit_learn_ties_and_all(self):
        scores, positive = drawn()
        assert ranking.auprc(scores, positive).value == pytest.approx(oracle.average_precision_score(positive, scores))

    def test_scores_that_say_nothing_give_the_share_of_positives(self):
        assert ranking.auprc(np.zeros(40), np.arange(40) < 10).value == pytest.approx(0.25)

    def test_no_positive_is_refused(self):
        with pytest.raises(ValueError, match="no positive sample"):
            ranking.auprc(np.zeros(3), np.zeros(3, bool))
