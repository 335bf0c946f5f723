"""core/faults.py: the n-th call fails, or the process dies there."""

import errno
import os
import signal

import pytest

from gnomon.core import faults
from gnomon.core.errors import UsageError


def test_without_the_variable_it_is_a_plain_call(monkeypatch):
    monkeypatch.delenv("GNOMON_FAULT", raising=False)
    assert faults.act("write", lambda: 7) == 7


def test_the_second_write_fails_and_the_third_works_again(monkeypatch):
    monkeypatch.setenv("GNOMON_FAULT", "write:2:enospc")
    assert faults.act("write", lambda: 1) == 1
    assert faults.act("rename", lambda: 0) == 0  # another operation does not count
    with pytest.raises(OSError, match="No space left") as caught:
        faults.act("write", lambda: 2)
    assert caught.value.errno == errno.ENOSPC
    assert faults.act("write", lambda: 3) == 3


def test_any_counts_every_operation(monkeypatch):
    monkeypatch.setenv("GNOMON_FAULT", "any:3:eio")
    done = [faults.act("open", lambda: "open"), faults.act("write", lambda: "write")]
    with pytest.raises(OSError) as caught:
        faults.act("fsync", lambda: "fsync")
    assert (done, caught.value.errno) == (["open", "write"], errno.EIO)


def test_another_value_starts_counting_anew(monkeypatch):
    monkeypatch.setenv("GNOMON_FAULT", "open:2:eio")
    faults.act("open", int)
    monkeypatch.setenv("GNOMON_FAULT", "open:2:edquot")
    faults.act("open", int)
    with pytest.raises(OSError) as caught:
        faults.act("open", int)
    assert caught.value.errno == errno.EDQUOT


def test_short_does_half_and_then_there_is_no_space(monkeypatch):
    monkeypatch.setenv("GNOMON_FAULT", "write:1:short")
    done = []
    with pytest.raises(OSError) as caught:
        faults.act("write", lambda: done.append("all"), half=lambda: done.append("half"))
    assert (done, caught.value.errno) == (["half"], errno.ENOSPC)


@pytest.mark.parametrize(("mode", "left"), [("kill", b"1"), ("kill-after", b"12")])
def test_kill_dies_before_the_call_and_kill_after_behind_it(mode, left, in_child):
    reader, writer = os.pipe()

    def two_writes():
        os.environ["GNOMON_FAULT"] = f"write:2:{mode}"
        for letter in (b"1", b"2", b"3"):
            faults.act("write", lambda letter=letter: os.write(writer, letter))

    assert in_child(two_writes) == -signal.SIGKILL
    os.close(writer)
    assert os.read(reader, 10) == left
    os.close(reader)


@pytest.mark.parametrize(
    "text", ["write", "write:0:eio", "write:x:eio", "jump:1:eio", "write:1:enothing", "write:1:", "::"]
)
def test_a_value_that_means_nothing_is_refused(monkeypatch, text):
    monkeypatch.setenv("GNOMON_FAULT", text)
    with pytest.raises(UsageError, match="operation:n:mode"):
        faults.act("write", int)
