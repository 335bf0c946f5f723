"""Scores of bounds, worked by hand."""

import math

import numpy as np
import pytest

from gnomon.core import bounds
from gnomon.core.errors import DataError, DivergedError


def kept(reconstruction, divergences, bound=None, variance=0.0, draws=1):
    rows = []
    for k, (first, second) in enumerate(zip(reconstruction, divergences, strict=True)):
        total = first + sum(second)
        given = total if bound is None or bound[k] is None else bound[k]
        many = draws if bound is not None and bound[k] is not None else 1
        rows.append([first, total, given, variance if many > 1 else 0.0, many, *second])
    return np.array(rows)


def test_scores_of_two_samples():
    found = bounds.scores(bounds.terms(kept([80.0, 90.0], [(10.0, 5.0), (8.0, 7.0)])), num_values=100)
    assert found["nll"].value == 100.0
    assert found["elbo"].value == -100.0
    assert found["reconstruction"].value == 85.0
    assert found["kl"].value == 15.0
    assert found["bits_per_dim"].value == pytest.approx(1 / math.log(2))
    half = 1.96 * np.std([95.0, 105.0], ddof=1) / math.sqrt(2)
    assert found["nll"].high == pytest.approx(100 + half, rel=1e-3)


def test_what_many_draws_gain_on_some_corrects_the_mean_of_all():
    values = kept([80.0, 90.0, 100.0, 110.0], [(10.0,)] * 4, bound=[86.0, None, 106.0, None], draws=500)
    found = bounds.negative_log_likelihood(bounds.terms(values))
    assert found.value == 105.0 - 4.0
    assert found.n == 4
    assert found.low < found.value < found.high


def test_where_all_have_many_draws_it_is_their_mean_with_their_spread():
    values = kept([80.0, 90.0, 100.0], [(10.0,)] * 3, bound=[85.0, 97.0, 103.0], draws=9)
    found = bounds.negative_log_likelihood(bounds.terms(values))
    assert found.value == pytest.approx(95.0)
    assert found.high - found.value == pytest.approx(1.96 * np.std([85, 97, 103], ddof=1) / math.sqrt(3), rel=1e-3)


def test_saying_the_class_costs_nats():
    found = bounds.scores(bounds.terms(kept([80.0], [(10.0,)]), also=math.log(10)), num_values=1)
    assert found["nll"].value == pytest.approx(90 + math.log(10))
    assert found["elbo"].value == pytest.approx(-90 - math.log(10))


def test_monte_carlo_error():
    values = kept([80.0, 90.0, 70.0], [(10.0,)] * 3, bound=[85.0, 97.0, None], variance=0.5, draws=9)
    assert bounds.monte_carlo_error(bounds.terms(values)) == pytest.approx(1.0 / 2)
    assert bounds.monte_carlo_error(bounds.terms(kept([1.0], [(1.0,)]))) == 0.0


def test_details_say_how_the_bound_was_found():
    cheap = bounds.details(bounds.terms(kept([80.0, 90.0], [(10.0, 0.001)] * 2)))
    assert cheap["bound"]["text"] == "the evidence lower bound, one draw of the latents a sample"
    assert [group["active"] for group in cheap["groups"]] == [True, False]
    assert not cheap["collapsed"]
    some = bounds.details(bounds.terms(kept([80.0, 90.0], [(10.0,)] * 2, bound=[85.0, None], draws=500)))
    assert some["bound"]["k"] == 500
    assert some["bound"]["num"] == 1
    assert "500 draws gained on 1" in some["bound"]["text"]


def test_a_collapse_is_told():
    found = bounds.details(bounds.terms(kept([80.0], [(0.1, 0.2)])))
    assert found["collapsed"]
    assert "say 0.30 nats" in found["warnings"][0]


def test_nothing_and_nonsense_are_refused():
    with pytest.raises(DataError, match="no sample"):
        bounds.terms(np.zeros((0, 6)))
    with pytest.raises(DivergedError, match="not finite"):
        bounds.terms(kept([math.nan], [(1.0,)]))


def test_one_sample_has_an_interval_of_no_width():
    found = bounds.scores(bounds.terms(kept([80.0], [(10.0,)])), num_values=10)
    assert found["nll"].low == found["nll"].high == 90.0
