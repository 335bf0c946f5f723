import ctypes
import sys

import pytest

from gnomon.training import memory


class Library:
    """A C library that writes down how it is called."""

    def __init__(self, *, glibc, answer=1):
        self.calls = []
        self.answer = answer
        if glibc:
            self.gnu_get_libc_version = type("Function", (), {})()

    def mallopt(self, parameter, value):
        self.calls.append(("mallopt", parameter, value))
        return self.answer

    def malloc_trim(self, pad):
        self.calls.append(("malloc_trim", pad))


@pytest.fixture
def library(monkeypatch):
    def use(*, glibc, platform="linux", answer=1):
        made = Library(glibc=glibc, answer=answer)
        monkeypatch.setattr(ctypes, "CDLL", lambda name: made)
        monkeypatch.setattr(sys, "platform", platform)
        return made

    return use


def test_glibc_is_told_to_keep_freed_memory(library):
    made = library(glibc=True)
    assert memory.keep_freed_memory() is True
    # M_MMAP_MAX = -4: no tensor gets a mapping of its own; M_TRIM_THRESHOLD = -1: as high as an int goes
    assert made.calls == [("mallopt", -4, 0), ("mallopt", -1, 2147483647)]
    memory.release_freed_memory()
    assert made.calls[2:] == [("malloc_trim", 0)]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_another_c_library_is_left_alone(library, platform):
    made = library(glibc=platform != "linux", platform=platform)
    assert memory.keep_freed_memory() is False
    memory.release_freed_memory()
    assert made.calls == []


def test_a_refusal_is_told(library):
    assert library(glibc=True, answer=0) is not None
    assert memory.keep_freed_memory() is False


def test_in_a_real_process_freed_memory_is_kept_and_given_back(in_child):
    if not sys.platform.startswith("linux"):
        pytest.skip("tells the resident memory from /proc")

    def resident():
        from pathlib import Path

        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def work():
        if not memory.keep_freed_memory():
            return
        size = 64 * 2**20
        block = ctypes.create_string_buffer(b"x" * (size - 1), size)
        filled = resident()
        del block
        assert resident() > filled - size / 2
        memory.release_freed_memory()
        assert resident() < filled - size / 2

    assert in_child(work) == 0


def test_the_peak_is_in_bytes_and_never_falls():
    before = memory.peak_bytes()
    block = bytearray(b"x" * 60_000_000)
    assert memory.peak_bytes() >= max(before, len(block))
    del block
    assert memory.peak_bytes() >= 60_000_000
