"""core/signals.py: a signal sets a flag and nothing else."""

import os
import signal
import threading
import time

import pytest

from gnomon.core.signals import StopFlag


@pytest.fixture(autouse=True)
def usual_handlers():
    """Tests may have been started in the background, where SIGINT is ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    old = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in old.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_sets_the_flag_and_the_code_goes_on(number):
    with StopFlag() as should_stop:
        assert not should_stop()
        assert should_stop.received is None
        send(number)
        assert should_stop()
        assert should_stop.received == number.name


def test_the_first_signal_is_remembered():
    with StopFlag() as should_stop:
        send(signal.SIGTERM)
        send(signal.SIGHUP)
        send(signal.SIGTERM)
        assert should_stop.received == "SIGTERM"


def test_the_old_handlers_come_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(KeyError), StopFlag():
        assert signal.getsignal(signal.SIGTERM) != before[1]
        raise KeyError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_blocks_may_nest():
    with StopFlag() as outer:
        with StopFlag() as inner:
            send(signal.SIGTERM)
            assert inner()
        assert not outer()
        send(signal.SIGTERM)
        assert outer()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_was_ignored_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with StopFlag() as should_stop:
        send(number)
        assert not should_stop()


def test_a_second_sigint_ends_the_process_at_once(in_child, capfd):
    def twice():
        with StopFlag():
            send(signal.SIGINT)
            send(signal.SIGINT)
            time.sleep(10)

    assert in_child(twice) == 130
    assert "stopped at once; the last checkpoint is kept" in capfd.readouterr().err


def test_sigint_after_sigterm_is_the_first_sigint(in_child):
    def mixed():
        with StopFlag() as should_stop:
            send(signal.SIGTERM)
            send(signal.SIGINT)
            assert should_stop()
            send(signal.SIGTERM)
            send(signal.SIGINT)

    assert in_child(mixed) == 130


def test_a_signal_from_another_process_interrupts_a_sleep_only_to_set_the_flag():
    with StopFlag() as should_stop:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        deadline_s = time.monotonic() + 10
        while not should_stop() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        timer.join()
        assert should_stop.received == "SIGTERM"


def test_outside_the_main_thread_nothing_is_installed():
    found = []
    before = signal.getsignal(signal.SIGTERM)

    def work():
        with StopFlag() as should_stop:
            found.extend([should_stop(), signal.getsignal(signal.SIGTERM)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False, before]
