import dataclasses
import sys

import pytest

from gnomon.cli.shell.display import Display, watching
from gnomon.cli.shell.rows import fact, plain
from gnomon.core.events import Finished, Said, Stepped, Worked


class Clock:
    def __init__(self):
        self.now = 0.0

    def now_s(self):
        return self.now


class Recorder:
    def __init__(self):
        self.shown = []
        self.is_due = True

    def due(self, now_s, share):
        return self.is_due

    def rows(self, rows):
        self.shown += [plain(row) for row in rows]

    def step(self, event):
        self.shown.append(event)

    def work(self, event, rate):
        self.shown.append((event.done, rate))

    def settle(self, *, keep):
        self.shown.append("kept" if keep else "wiped")


def step(number, loss=None, valid=None):
    return Stepped(
        step=number,
        steps=100,
        progress=number / 100,
        loss=loss,
        valid=valid or {},
        lr=0.1,
        samples_per_s=5.0,
        elapsed_s=1.0,
        left_s=2.0,
    )


@pytest.fixture
def seen():
    clock, screen = Clock(), Recorder()
    return Display(screen, clock), screen, clock


def test_figures_that_came_between_two_drawings_are_not_lost(seen):
    display, screen, _ = seen
    screen.is_due = False
    display.emit(step(1, loss=2.0, valid={"accuracy": 0.5}))
    assert screen.shown == []
    screen.is_due = True
    display.emit(step(2))
    assert (screen.shown[0].loss, screen.shown[0].valid) == (2.0, {"accuracy": 0.5})


def test_one_slow_step_does_not_make_the_shown_speed_jump(seen):
    display, screen, _ = seen
    for speed in (100.0, 100.0, 10.0):
        display.emit(dataclasses.replace(step(1), samples_per_s=speed))
    assert [event.samples_per_s for event in screen.shown[:2]] == [100.0, 100.0]
    assert screen.shown[2].samples_per_s == pytest.approx(1 / (0.9 * 0.01 + 0.1 * 0.1))


def test_guesses_and_warnings_are_marked(seen):
    display, screen, _ = seen
    display.emit(Said(text="found"))
    display.emit(Said(text="chosen (--task)", level="guess"))
    display.emit(Said(text="odd", level="warning"))
    assert screen.shown == ["  found", "? chosen (--task)", "! odd"]


def test_work_that_is_over_at_once_is_not_shown(seen):
    display, screen, clock = seen
    for done in (0, 50, 100):
        display.emit(Worked(what="decoding", done=done, total=100))
        clock.now += 0.1
    assert screen.shown == []


def test_longer_work_is_shown_with_its_pace_and_wiped_at_the_end(seen):
    display, screen, clock = seen
    for done in (0, 50, 100):
        display.emit(Worked(what="decoding", done=done, total=100))
        clock.now += 2.0
    assert screen.shown == [(50, 25.0), "wiped"]


def test_the_result_is_kept_for_the_answer(seen):
    display, _, _ = seen
    display.emit(Finished(result={"run": "a"}))
    assert display.result == {"run": "a"}


def test_people_read_on_standard_error_where_json_goes_to_standard_output(capsys):
    with watching(as_json=True) as watch:
        watch.answer({"steps": 9}, [fact("steps", "9")])
    printed = capsys.readouterr()
    assert printed.out == '{"steps": 9}\n'
    assert printed.err == "  steps       9\n"


def test_people_read_on_standard_output_otherwise(capsys):
    with watching(as_json=False) as watch:
        watch.answer({"steps": 9}, [fact("steps", "9")])
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("  steps       9\n", "")


def test_nothing_is_drawn_with_rich_in_a_log(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with watching(as_json=False) as watch:
        watch.emit(Said(text="found"))
    assert capsys.readouterr().out == "  found\n"
