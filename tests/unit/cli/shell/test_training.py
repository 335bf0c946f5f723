import dataclasses

import pytest

from gnomon.cli.shell import training, words
from gnomon.core.events import Stepped, Worked

STEP = Stepped(
    step=612,
    steps=980,
    progress=0.6245,
    loss=0.41234,
    valid={"loss": 0.3, "accuracy": 0.913},
    lr=0.0042,
    samples_per_s=3120.0,
    elapsed_s=186.0,
    left_s=114.0,
)


def text(pieces):
    return "".join(piece for piece, _ in pieces)


@pytest.mark.parametrize("width", [200, 100, 80, 60, 40, 20])
def test_the_line_fits_the_terminal(width):
    assert words.width(text(training.line(STEP, width))) < width


def test_a_usual_terminal_shows_progress_loss_score_rate_speed_and_time_left():
    shown = text(training.line(STEP, 80))
    for figure in ("62\u00a0%", "loss 0.412", "valid 91.3\u00a0%", "lr 0.0042", "3.12k/s", "1m54s left"):
        assert figure in shown


def test_a_narrow_terminal_keeps_the_time_left_longest():
    shown = text(training.line(STEP, 32))
    assert "1m54s left" in shown
    assert "loss" not in shown


def test_the_log_line_says_everything():
    assert training.sentence(STEP) == (
        " 62\u00a0%  step 612/980  loss 0.412  valid 91.3\u00a0%  lr 0.0042  3.12k/s  3m06s elapsed  1m54s left"
    )


def test_the_speed_says_what_it_counts_where_there_is_room():
    known = dataclasses.replace(STEP, unit="pictures")
    assert "3.12k pictures/s" in training.sentence(known)
    assert "3.12k pictures/s" in text(training.line(known, 160))
    narrow = text(training.line(known, 80))
    assert "3.12k/s" in narrow
    assert narrow == text(training.line(STEP, 80))


@pytest.mark.parametrize(
    ("valid", "shown"),
    [
        ({"loss": 1.512, "perplexity": 4.5}, "1.512"),
        ({"loss": 0.3, "token_accuracy": 0.94}, "94.0\u00a0%"),
        ({"mse": 0.41, "mae": 0.5, "coverage": 0.8}, "0.41"),
    ],
)
def test_the_headline_of_each_task_is_watched(valid, shown):
    assert f"valid {shown}  " in training.sentence(dataclasses.replace(STEP, valid=valid))


def test_figures_that_do_not_exist_yet_are_left_out():
    early = Stepped(
        step=1, steps=2, progress=0.0, loss=None, valid={}, lr=1.0, samples_per_s=0.0, elapsed_s=0.0, left_s=9.0
    )
    assert "loss" not in training.sentence(early)
    assert "valid" not in training.sentence(early)


@pytest.mark.parametrize(("share", "drawn"), [(0, "────"), (0.5, "━━──"), (0.6, "━━╸─"), (1, "━━━━"), (7, "━━━━")])
def test_the_bar_fills_in_half_columns(share, drawn):
    assert text(training.bar(share, 4)) == drawn


def test_work_is_counted_in_its_unit_with_pace_and_time_left():
    photos = Worked(what="decoding", done=500, total=2000)
    assert training.work_sentence(photos, 100.0) == " 25\u00a0%  decoding  500/2,000 samples  100/s  15s left"
    download = Worked(what="fetching", done=1 << 20, total=4 << 20, unit="bytes")
    assert "1.0\u00a0MiB of 4.0\u00a0MiB" in training.work_sentence(download, None)
    assert training.work_sentence(Worked(what="listing", done=7, total=0, unit="files"), None).endswith("7 files")
    for width in (100, 40, 20):
        assert words.width(text(training.work_line(photos, width, 100.0))) < width
