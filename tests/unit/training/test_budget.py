import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.core.errors import UsageError
from gnomon.training.budget import format_s, parse_budget


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5m", "time", 300),
        ("90s", "time", 90),
        ("1h30m", "time", 5400),
        ("60s", "time", 60),
        ("20m", "time", 1200),
        ("1.5h", "time", 5400),
        ("2min30sec", "time", 150),
        ("1d", "time", 86400),
        (" 1 H 30 M ", "time", 5400),
        ("10epochs", "epochs", 10),
        ("1epoch", "epochs", 1),
        ("0.5epochs", "epochs", 0.5),
        ("2000steps", "steps", 2000),
        ("2000 steps", "steps", 2000),
        ("1step", "steps", 1),
        ("1e6samples", "samples", 1e6),
        ("1.5e+3 samples", "samples", 1500),
        ("1e15flop", "flop", 1e15),
        ("2e12flops", "flop", 2e12),
    ],
)
def test_what_people_write_is_understood(text, kind, value):
    budget = parse_budget(text)
    assert (budget.kind, budget.value) == (kind, value)
    assert budget.text == text.strip()
    assert budget.seconds == (value if kind == "time" else None)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "5", "0", "-1", "abc", "m", "5x", "1e9h", "-5m", "5m!", "1h30", "m5", ".5h", "nan", "inf", "infs"),
        *("1e3s", "5 minutes", "10", "steps", "1,5h", "٥m", "1e6", "-3steps", "auto", "off", "5m\n6"),
    ],
)
def test_anything_else_is_refused_with_examples(text):
    with pytest.raises(UsageError, match="is not understood") as caught:
        parse_budget(text)
    assert repr(text) in caught.value.what
    assert "90s, 5m, 1h30m, 10epochs, 2000steps, 1e6samples or 1e15flop" in caught.value.fix


@pytest.mark.parametrize("text", ["0s", "0h0m", "0steps", "0epochs", "0.0samples", "1e999flop"])
def test_nothing_and_infinity_are_refused(text):
    with pytest.raises(UsageError, match="is nothing to train with"):
        parse_budget(text)


def test_limits():
    assert parse_budget("366d").seconds == 366 * 86400
    with pytest.raises(UsageError, match="more than a year"):
        parse_budget("367d")
    with pytest.raises(UsageError, match="less than one step"):
        parse_budget("0.5steps")


@given(st.integers(0, 99), st.integers(0, 59), st.integers(1, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, seconds):
    assert parse_budget(f"{hours}h{minutes}m{seconds}s").seconds == hours * 3600 + minutes * 60 + seconds


@given(st.integers(1, 10**12), st.sampled_from(["epochs", "steps", "samples", "flop"]))
def test_counts_are_taken_as_written(number, kind):
    budget = parse_budget(f"{number}{kind}")
    assert (budget.kind, budget.value) == (kind, number)


@given(st.text(alphabet="0123456789.eshmdflop+- ٣½", max_size=12))
def test_a_text_gives_a_positive_budget_or_a_usage_error(text):
    try:
        budget = parse_budget(text)
    except UsageError:
        return
    assert 0 < budget.value < float("inf")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (8.24, "8.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (60, "1 m 00 s"),
        (299.4, "4 m 59 s"),
        (3599.6, "1 h 00 m"),
        (5400, "1 h 30 m"),
    ],
)
def test_seconds_are_written_as_people_write_them(seconds, text):
    assert format_s(seconds) == text
