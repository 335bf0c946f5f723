"""core/clock.py: elapsed seconds on a clock that is passed in."""

import subprocess
import sys
import time
from pathlib import Path

from gnomon.core import clock
from gnomon.core.clock import MonotonicClock, Stopwatch, process_age_s


class HandClock:
    def __init__(self) -> None:
        self.at_s = 100.0

    def now_s(self) -> float:
        return self.at_s


def test_a_stopwatch_counts_from_its_start():
    hand = HandClock()
    watch = Stopwatch(hand)
    assert watch.elapsed_s() == 0.0
    hand.at_s = 102.5
    assert watch.elapsed_s() == 2.5


def test_what_was_used_before_counts():
    hand = HandClock()
    watch = Stopwatch(hand, already_s=30.0)
    hand.at_s = 101.0
    assert watch.elapsed_s() == 31.0


def test_the_machines_clock_never_goes_back(monkeypatch):
    machine = MonotonicClock()
    first_s = machine.now_s()
    monkeypatch.setattr(time, "time", lambda: 0.0)  # the wall clock may jump as it likes
    assert machine.now_s() >= first_s


def test_the_age_of_a_process_counts_from_pressing_return():
    code = "import time; time.sleep(0.3); from gnomon.core.clock import process_age_s; print(process_age_s())"
    started_s = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took_s = time.monotonic() - started_s
    assert 0.29 <= float(done.stdout) <= took_s + 0.05  # the system counts in hundredths


def test_the_age_grows():
    first_s = process_age_s()
    time.sleep(0.03)
    assert 0 < first_s < process_age_s()


def test_without_proc_the_processor_time_is_the_answer(monkeypatch, tmp_path):
    monkeypatch.setattr(clock, "Path", lambda path: Path(tmp_path, "none"))
    monkeypatch.setattr(time, "process_time", lambda: 1.25)
    assert process_age_s() == 1.25
