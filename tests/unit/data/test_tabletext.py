"""CSV and TSV text as people have it."""

import gzip

import pytest

from gnomon.core.errors import DataError
from gnomon.data.tabletext import read_table


def table(tmp_path, content, **options):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path, encoding, mark):
    found = table(tmp_path, f"path{mark}label\ré.jpg{mark}cat\r".replace("\r", "\r\n").encode(encoding))
    assert found.header == ("path", "label")
    assert found.rows == [(2, ["é.jpg", "cat"])]
    assert found.column("label") == ["cat"]


def test_quoted_fields_may_hold_delimiters_and_line_breaks(tmp_path):
    assert table(tmp_path, 'a,b\n"x,\ny",2\n').rows == [(3, ["x,\ny", "2"])]


def test_rows_of_another_length_are_named_and_blank_lines_are_not(tmp_path):
    found = table(tmp_path, "a,b\n1,2\n1\n\n1,2,3\n")
    assert found.rows == [(2, ["1", "2"])]
    assert found.ragged == [3, 5]


def test_empty_and_repeated_names_get_their_place(tmp_path):
    assert table(tmp_path, "a,,a\n1,2,3\n").header == ("a", "column 2", "a 3")


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path):
    with pytest.raises(DataError) as error:
        table(tmp_path, b"a,b\n1,\xe9\n")
    assert "t.csv:2: is not utf-8 text: byte 6 is 0xe9" in str(error.value)


def test_nul_characters_are_named_with_their_line(tmp_path):
    with pytest.raises(DataError, match="NUL") as error:
        table(tmp_path, b"a,b\n1,2\n1,\0\n")
    assert error.value.line == 3


def test_an_unclosed_quote_is_named_with_its_line(tmp_path):
    with pytest.raises(DataError, match="cannot be split into fields") as error:
        table(tmp_path, 'a,b\n1,2\n"1,2\n1,2\n')
    assert error.value.line == 3  # where it opens


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        table(tmp_path, b"")


def test_the_beginning_alone_has_whole_rows_only(tmp_path):
    assert table(tmp_path, "a,b\n1,2\n3,4\n", first_bytes=10).rows == [(2, ["1", "2"])]


def test_an_encoding_can_be_named_or_found(tmp_path):
    for encoding in ("cp1252", "auto"):
        found = table(tmp_path, b"a,b\n1,caf\xe9\n", encoding=encoding)
        assert found.rows == [(2, ["1", "café"])]
        assert found.decoded.encoding == "cp1252"


def test_gzip_is_undone(tmp_path):
    assert table(tmp_path, gzip.compress(b"a,b\n1,2\n")).rows == [(2, ["1", "2"])]
    assert table(tmp_path, gzip.compress(b"a,b\n1,2\n3,4\n"), first_bytes=10).rows == [(2, ["1", "2"])]


def test_rare_line_separators_end_no_row(tmp_path):
    assert table(tmp_path, "a,b\n1,x\u2028y\x85z\x0c\n").rows == [(2, ["1", "x\u2028y\x85z\x0c"])]


def test_the_delimiter_is_the_one_that_cuts_evenly(tmp_path):
    lines = ["ham\tone, two, three, four", "spam\tfive", "ham\tsix, seven"]
    assert table(tmp_path, "\n".join(lines)).rows == [(2, ["spam", "five"]), (3, ["ham", "six, seven"])]


def test_tabs_need_no_quotes(tmp_path):
    (tmp_path / "t.tsv").write_text('a\tb\n"stray\t1\nmore\t2\n')
    assert read_table(tmp_path / "t.tsv").rows == [(2, ['"stray', "1"]), (3, ["more", "2"])]
