import math

import pytest

from gnomon.cli.shell import words
from gnomon.outputs.wording import (
    METRICS,
    count,
    duration,
    large,
    memory,
    metric,
    number,
    percent,
    plural,
    several,
    shown,
    tick,
)


@pytest.mark.parametrize(
    ("value", "n", "words"),
    [
        (0.9889, 360, "98.9 %"),
        (0.98891, 10_000, "98.89 %"),
        (1.0, 360, "100 %"),
        (0.0, 360, "0 %"),
        (0.99996, 50_000, ">99.99 %"),
        (0.9999, 9_000, "99.99 %"),
        (0.0002, 5_000, "0.02 %"),
        (0.00002, 5_000, "<0.01 %"),
        (None, 5, "–"),
        (math.nan, 5, "–"),
    ],
)
def test_percent_never_rounds_to_all_or_none(value, n, words):
    assert percent(value, n).replace("\u202f", " ") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.424, "0.42 s"),
        (1, "1 s"),
        (29.38, "29.4 s"),
        (59.96, "1 min"),
        (298.4, "4 min 58 s"),
        (4320, "1 h 12 min"),
        (7190, "2 h"),
        (None, "–"),
        (math.inf, "–"),
    ],
)
def test_duration(seconds, words):
    assert duration(seconds).replace("\u202f", " ") == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.6123, "1.61"),
        (0.0032, "0.0032"),
        (2100.4, "2,100"),
        (4.1e-7, "4.1e-7"),
        (0, "0"),
        (-0.25, "-0.25"),
        (None, "–"),
    ],
)
def test_number(value, words):
    assert number(value) == words


def test_counts():
    assert count(1797) == "1,797"
    assert count(None) == "–"
    assert plural(1, "picture") == "1 picture"
    assert plural(1797, "picture") == "1,797 pictures"
    assert plural(2, "class", "classes") == "2 classes"
    assert (several("text"), several("series"), several("stretch")) == ("texts", "series", "stretches")
    assert large(312_458).replace("\u202f", " ") == "312 k"
    assert large(11_173_962).replace("\u202f", " ") == "11.2 M"
    assert large(64) == "64"
    assert memory(287_485_952).replace("\u202f", " ") == "274 MiB"
    assert memory(3 * 2**30).replace("\u202f", " ") == "3.0 GiB"


def test_a_metric_is_shown_in_its_own_form():
    assert shown("accuracy", 0.25, 8).replace("\u202f", " ") == "25.0 %"
    assert tick("accuracy", 0.25).replace("\u202f", " ") == "25 %"
    assert shown("log_loss", 2.3) == "2.300"
    assert shown("unheard_of", 1234.0) == "1,234"
    assert metric("unheard_of").label == "Unheard of"
    assert [shown("perplexity", value) for value in (4.4028, 25.127, 130.217)] == ["4.403", "25.13", "130.2"]


def test_labels_inside_a_sentence_keep_abbreviations():
    names = ("token_accuracy", "mse", "span_f1", "log_loss", "mse_original")
    assert [metric(name).in_words for name in names] == [
        "token accuracy", "MSE", "span F1", "log-loss", "MSE, original unit",
    ]  # fmt: skip


def test_the_report_and_the_terminal_agree_on_every_metric():
    for name, shape in METRICS.items():
        assert (shape.form == "share") == (name in words.PROPORTIONS), name
        assert shape.higher_is_better != (name in words.LOWER_IS_BETTER), name
    assert len(METRICS) > 15


def test_a_metric_of_single_numbers_is_in_their_own_unit():
    assert "own unit" in metric("mae", "Number").meaning
    assert "scaled" in metric("mae", "Series").meaning
    assert metric("rmse", "Number") == metric("rmse")


def test_where_a_text_goes_on_no_word_has_a_tag():
    assert metric("token_accuracy", "Text").meaning == "share of tokens that are guessed right"
    assert "tag" in metric("token_accuracy", "Tags").meaning
