import io

import pytest

from gnomon.cli.shell.rows import Row, fact
from gnomon.cli.shell.screen import Plain, Terminal, screen_for
from gnomon.core.events import Stepped, Worked


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def step(progress):
    return Stepped(
        step=1, steps=9, progress=progress, loss=1.0, valid={}, lr=0.1, samples_per_s=5.0, elapsed_s=1.0, left_s=2.0
    )


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal(Tty())


def drawn(screen):
    return screen._console.file.getvalue()


def test_a_log_has_a_line_a_tenth_or_ten_seconds_but_no_two_in_a_second():
    screen = Plain(io.StringIO())
    asked = [(0.0, 0.00), (0.5, 0.30), (1.0, 0.30), (2.0, 0.35), (3.0, 0.41), (12.9, 0.42), (13.0, 0.43)]
    assert [screen.due(now_s, share) for now_s, share in asked] == [True, False, True, False, True, False, True]


def test_a_log_begins_anew_for_the_next_work():
    screen = Plain(io.StringIO())
    screen.due(0.0, 0.9)
    assert not screen.due(2.0, 0.05)
    assert screen.due(3.0, 0.15)


def test_a_terminal_is_drawn_eight_times_a_second():
    screen = Terminal(Tty())
    assert [screen.due(now_s, 0.0) for now_s in (0.0, 0.1, 0.125, 0.2, 0.25)] == [True, False, True, False, True]


def test_a_log_holds_plain_lines():
    stream = io.StringIO()
    screen = Plain(stream)
    screen.rows([fact("steps", "9"), Row()])
    screen.step(step(0.5))
    screen.work(Worked(what="decoding", done=1, total=2), None)
    screen.settle(keep=True)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "  steps       9"
    assert lines[2].startswith(" 50\u00a0%")
    assert lines[3].endswith("decoding  1/2 samples")
    assert "\x1b" not in stream.getvalue()


def test_the_live_line_is_wiped_before_the_next_thing_is_shown(terminal):
    terminal.step(step(0.5))
    assert not drawn(terminal).endswith("\n")
    terminal.rows([fact("steps", "9")])
    assert "\r\x1b[2K" in drawn(terminal)
    assert drawn(terminal).endswith("9\n") or drawn(terminal).rstrip().endswith("9")


def test_an_error_leaves_the_live_line_where_it_was(terminal):
    terminal.step(step(0.5))
    terminal.settle(keep=True)
    assert drawn(terminal).endswith("\n")
    assert "\x1b[2K" not in drawn(terminal)


def test_the_cursor_is_never_hidden(terminal):
    terminal.step(step(0.5))
    terminal.work(Worked(what="decoding", done=1, total=2), 3.0)
    terminal.settle(keep=False)
    assert "\x1b[?25l" not in drawn(terminal)


def test_long_values_wrap_beside_their_label(terminal):
    terminal.rows([fact("because", "word " * 20)])
    lines = [line for line in drawn(terminal).splitlines() if line.strip()]
    assert len(lines) > 1
    assert all(len(line.rstrip()) <= 60 + len("\x1b[2m\x1b[0m") * 2 for line in lines)
    assert lines[1].startswith(" " * 14)


@pytest.mark.parametrize(("term", "kind"), [("xterm", Terminal), ("dumb", Plain), ("", Plain)])
def test_only_a_real_terminal_is_drawn_on(monkeypatch, term, kind):
    monkeypatch.setenv("TERM", term)
    assert isinstance(screen_for(Tty()), kind)
    assert isinstance(screen_for(io.StringIO()), Plain)
