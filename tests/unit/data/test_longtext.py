"""Text that is larger than memory, made small: pieces of a few bytes."""

import dataclasses

import numpy as np
import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.events import silent
from gnomon.data import longtext, ordered, split, textprep
from gnomon.data.ragged import digests
from gnomon.data.reading import Reading
from gnomon.readers import text_file


@pytest.fixture
def reading(tmp_path):
    return Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=())


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Take anything for large, and read 40 bytes at once."""
    monkeypatch.setattr(longtext, "LONG_BYTES", 0)
    monkeypatch.setattr(longtext, "PIECE_BYTES", 40)


def lines(count):
    return "".join(f"line {i}: naïve 今天\r\n" for i in range(count))


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "auto"),
        ("utf-8-sig", "auto"),
        ("utf-16", "auto"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "auto"),
        ("gb18030", "gb18030"),
    ],
)
@pytest.mark.parametrize("text", [lines(30), "好" * 300, "a\r\n" * 50 + "b", "x" * 39 + "\r\n" + "y" * 39 + "\r" * 50])
def test_the_pieces_are_the_text(tmp_path, reading, monkeypatch, codec, encoding, text):
    monkeypatch.setattr(longtext, "_DETECTED_ON", 61)
    path = tmp_path / "long.txt"
    path.write_bytes(text.encode(codec))
    pieces, decoded = longtext.pieces(path, encoding, reading)
    plain = text.replace("\r\n", "\n")
    assert len(pieces) > 3
    assert "".join(pieces[:]) == plain
    assert pieces.lengths.tolist() == [len(piece) for piece in pieces[:]]
    assert np.array_equal(pieces.hashes, digests(piece.encode() for piece in pieces[:]))
    assert decoded.num_crlf == text.count("\r\n")
    assert pieces[np.array([2, 0])] == [pieces[2], pieces[0]]
    assert pieces.one_text


def test_pieces_end_with_lines_where_there_are_any(tmp_path, reading):
    path = tmp_path / "long.txt"
    path.write_text("one line of it\n" * 20)
    pieces, _ = longtext.pieces(path, "auto", reading)
    assert all(piece.endswith("\n") for piece in pieces[:])


def test_what_cannot_be_decoded_is_named_by_line_and_byte(tmp_path, reading, monkeypatch):
    monkeypatch.setattr(longtext, "_DETECTED_ON", 60)
    path = tmp_path / "long.txt"
    path.write_bytes(b"a good line\n" * 20 + b"bad: \xff\n")
    with pytest.raises(DataError, match="is not utf-8 text: byte 245 is 0xff") as caught:
        longtext.pieces(path, "auto", reading)
    assert caught.value.line == 21
    path.write_bytes(b"a good line\n" * 20 + b"bad: \0\n")
    with pytest.raises(DataError, match="NUL character") as caught:
        longtext.pieces(path, "auto", reading)
    assert caught.value.line == 21


def test_an_unknown_encoding_is_refused(tmp_path, reading):
    (tmp_path / "long.txt").write_text("one line of it\n" * 20)
    with pytest.raises(UsageError, match="no text encoding 'klingon'"):
        longtext.pieces(tmp_path / "long.txt", "klingon", reading)


def test_a_file_that_changes_is_noticed(tmp_path, reading):
    path = tmp_path / "long.txt"
    path.write_text("one line of it\n" * 20)
    pieces, _ = longtext.pieces(path, "auto", reading)
    path.write_text("short\n")
    with pytest.raises(DataError, match="changed while it was used"):
        pieces[0]


def test_a_signal_stops_the_look_through(tmp_path, reading):
    path = tmp_path / "long.txt"
    path.write_text("one line of it\n" * 20)
    with pytest.raises(StoppedError):
        longtext.pieces(path, "auto", dataclasses.replace(reading, should_stop=lambda: True))


def prepared(path, reading):
    dataset = text_file.read(path, DataConfig(path=str(path), max_bad=0.2), reading)
    cut = split.split(dataset, "0.9,0.1,0", 0)
    made, facts = textprep.prepare(cut, textprep.TextConfig(), cache_dir=None)
    return cut, made, facts


@pytest.mark.parametrize("several", [False, True])
def test_long_and_short_text_become_the_same_tokens(tmp_path, reading, monkeypatch, several):
    path = tmp_path / "book"
    if several:
        path.mkdir()
        for i in range(5):
            (path / f"{i}.txt").write_text(lines(30 + i), newline="")
        (path / "5.txt").write_text("naïve " * 40, encoding="cp1252")
        (path / "6.txt").write_text(" \n")
    else:
        path.write_text(lines(200), newline="")
    cut, long, facts = prepared(path, reading)
    assert cut.facts["in_memory"] is False
    monkeypatch.setattr(longtext, "LONG_BYTES", 1 << 40)
    short_cut, short, short_facts = prepared(path, reading)
    assert facts == short_facts
    for name in ("train", "valid"):
        assert np.array_equal(long.splits[name].inputs.tokens, short.splits[name].inputs.tokens)
        assert ordered.num_characters(cut.splits[name].inputs) == ordered.num_characters(short_cut.splits[name].inputs)
    assert long.spec == short.spec
    assert [one.id for one in cut.skipped] == [one.id for one in short_cut.skipped] == (["6.txt"] if several else [])


def test_packed_files_are_unpacked_in_memory(tmp_path, reading):
    import gzip

    path = tmp_path / "book.txt.gz"
    path.write_bytes(gzip.compress(lines(20).encode()))
    found = text_file.read(path, DataConfig(path=str(path)), reading)
    assert found.splits["all"].inputs[0] == lines(20).replace("\r\n", "\n")
