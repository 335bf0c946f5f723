import io
import json
import math
import os
import sys
from pathlib import Path

import pytest

from gnomon.cli.shell import streams
from gnomon.core.errors import ResourceError


def text_stream(encoding, errors="strict"):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors, write_through=True)


def pipe_without_reader():
    read_end, write_end = os.pipe()
    os.close(read_end)
    return os.fdopen(write_end, "w", encoding="utf-8")


def test_a_reader_that_left_does_not_stop_the_writer(monkeypatch):
    with pipe_without_reader() as stream:
        lasting = streams.Lasting(stream)
        for _ in range(3):
            lasting.write("a line\n")
            lasting.flush()
        assert isinstance(lasting.failure, BrokenPipeError)


def test_a_terminal_without_unicode_gets_what_it_can_show():
    stream = text_stream("ascii", "backslashreplace")
    streams.Lasting(stream).write("━╸─ 91.1 – 92.1\u00a0% × 猫")
    assert stream.buffer.getvalue() == rb"=-- 91.1 - 92.1 % x \u732b"


def test_a_terminal_with_unicode_gets_the_text_as_it_is():
    stream = text_stream("utf-8")
    streams.Lasting(stream).write("━ 猫")
    assert stream.buffer.getvalue().decode() == "━ 猫"


def test_bytes_are_refused_so_that_nobody_takes_it_for_a_binary_stream():
    with pytest.raises(TypeError):
        streams.Lasting(text_stream("utf-8")).write(b"x")


def test_names_that_are_not_utf8_can_be_printed(monkeypatch):
    stream = text_stream("utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    with streams.guarded():
        sys.stdout.write(os.fsdecode(b"a\xff.jpg"))
    assert stream.buffer.getvalue() == rb"a\udcff.jpg"
    assert sys.stdout is stream


def test_a_closed_standard_output_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with streams.guarded():
        sys.stdout.write("into nowhere")
    assert sys.stdout is None


def test_json_is_one_line_and_what_is_not_finite_is_null(capsys):
    streams.print_json({"a": math.nan, "b": [1.5, math.inf], "c": {"d": (1, "ü")}})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.isascii()
    assert json.loads(printed) == {"a": None, "b": [1.5, None], "c": {"d": [1, "ü"]}}


def test_a_full_disk_is_an_error_once_and_a_reader_that_left_is_none(monkeypatch):
    with pipe_without_reader() as gone, Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", streams.Lasting(gone))
        streams.print_json({})
        monkeypatch.setattr(sys, "stdout", streams.Lasting(full))
        with pytest.raises(ResourceError, match="No space left on device"):
            streams.print_json({})
        streams.print_json({})
