"""Large files of text as UTF-8."""

import gzip

import pytest

from gnomon.core.errors import DataError
from gnomon.data.utf8stream import Utf8Stream


def read(path, data, encoding):
    path.write_bytes(data)
    with Utf8Stream(path, encoding) as stream:
        return stream.read().decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_all_encodings_become_utf8(tmp_path, encoding):
    assert read(tmp_path / "a", "größe,x\n1,2\n".encode(encoding), encoding) == "größe,x\n1,2\n"


def test_gzip_is_undone_and_the_mark_is_not_text(tmp_path):
    assert read(tmp_path / "a.gz", gzip.compress("\ufeffa\n".encode()), "utf-8") == "a\n"


def test_what_cannot_be_decoded_is_named_with_its_line(tmp_path):
    with pytest.raises(DataError, match="is not utf-8") as error:
        read(tmp_path / "a", b"a\nb\n\xff\n", "utf-8")
    assert error.value.line == 3


def test_a_nul_is_named_with_its_line(tmp_path):
    with pytest.raises(DataError, match="NUL") as error:
        read(tmp_path / "a", b"a\n\0\n", "utf-8")
    assert error.value.line == 2


def test_damaged_gzip_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "a.gz", gzip.compress(b"a" * 1000)[:-6], "utf-8")
