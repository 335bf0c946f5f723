import math

import pytest

from gnomon.cli.shell import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-1, "0.0s"), (0.04, "0.0s"), (9.94, "9.9s"), (9.95, "10s"), (59.4, "59s"), (59.6, "1m00s")),
        *((299, "4m59s"), (3599.6, "1h00m"), (3720, "1h02m"), (86400 * 3 + 3600 * 4, "3d04h")),
        *((math.inf, "?"), (math.nan, "?")),
    ],
)
def test_durations_are_short_and_never_say_sixty(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(300, "5m"), (90, "1m30s"), (3600, "1h"), (5, "5s"), (60, "1m"), (7200, "2h"), (10, "10s")]
)
def test_budgets_read_as_they_are_typed(seconds, text):
    assert words.allotment(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (950, "950"), (999.6, "1k"), (3123, "3.12k"), (1_234_567, "1.23M"), (4.5e10, "45G"), (1e15, "1e+03T")],
)
def test_large_numbers_keep_three_digits(number, text):
    assert words.short(number) == text


@pytest.mark.parametrize(
    ("num_bytes", "text"), [(0, "0\u00a0B"), (1023, "1023\u00a0B"), (1536, "1.5\u00a0KiB"), (3 << 30, "3.0\u00a0GiB")]
)
def test_bytes_come_in_binary_units(num_bytes, text):
    assert words.size(num_bytes) == text


def test_shares_are_percent_and_other_metrics_are_not():
    assert words.metric("accuracy", 0.916) == "91.6\u00a0%"
    assert words.metric("log_loss", 0.25104) == "0.251"
    assert words.interval("accuracy", 0.9108, 0.9216) == "91.1 – 92.2\u00a0%"
    assert words.interval("log_loss", 0.2, 0.3) == "0.2 – 0.3"


def test_what_could_not_be_measured_is_a_dash():
    assert words.metric("accuracy", math.nan) == "–"
    assert words.percent(math.nan) == "–"
    assert words.interval("f1", math.nan, 1.0) == ""


def test_names_and_counts_read_as_text():
    assert words.title("log_loss") == "log loss"
    assert [words.title(name) for name in ("mse", "span_f1", "loss")] == ["MSE", "span F1", "loss (nats)"]
    assert words.sentence_case("span F1") == "Span F1"
    assert words.count(60_000) == "60,000"


def test_width_counts_columns_not_characters():
    assert [words.width(text) for text in ("cat", "猫", "e\u0301", "")] == [3, 2, 1, 0]
