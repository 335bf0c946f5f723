import json

import numpy as np
import pytest

from gnomon.core.errors import ResourceError
from gnomon.data import tokencache
from gnomon.data.cache import DamagedError
from gnomon.data.tokencache import Writer, folder_for, key_of, opened, remember, remembered, writing

FIRST, SECOND = np.array([5, 6, 7], np.int32), np.array([8, 65535], np.int32)


def fill(writer):
    writer.add(FIRST, starts=np.array([0, 2]), num_bytes=4, num_characters=3)
    writer.add(SECOND, starts=np.array([1]), num_bytes=2, num_characters=2)


def stored(folder, num_ids=1 << 16):
    with writing(folder, num_ids) as writer:
        fill(writer)
    return opened(folder)


@pytest.fixture
def folder(tmp_path):
    return folder_for(tmp_path / "cache", key_of([b"a"]))


@pytest.mark.parametrize(("num_ids", "dtype"), [(1 << 16, np.uint16), ((1 << 16) + 1, np.int32)])
def test_a_corpus_is_the_same_from_memory_and_from_the_cache(folder, num_ids, dtype):
    writer = Writer(None, num_ids)
    fill(writer)
    for corpus in (writer.in_memory(), stored(folder, num_ids)):
        assert corpus.tokens.tolist() == [5, 6, 7, 8, 65535]
        assert corpus.tokens.dtype == dtype
        assert corpus.starts.tolist() == [0, 2, 4]
        assert (corpus.num_bytes, corpus.num_characters) == (6, 5)


def test_it_is_mapped_and_read_only(folder):
    tokens = stored(folder).tokens
    assert isinstance(tokens.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        tokens[0] = 1


def test_there_may_be_none_and_an_empty_one(folder):
    assert opened(folder) is None
    with writing(folder, 300):
        pass
    assert len(opened(folder).tokens) == 0
    assert len(Writer(None, 300).in_memory().starts) == 0


def damage(name, change):
    def action(folder):
        path = folder / name
        path.write_bytes(change(bytearray(path.read_bytes())))

    return action


def flip(data):
    data[len(data) // 2] ^= 1
    return data


@pytest.mark.parametrize(
    "harm",
    [
        damage("tokens.bin", flip),
        damage("tokens.bin", lambda data: data[:-2]),
        damage("starts.i64", flip),
        damage("header.json", flip),
        damage("header.json", lambda data: b"{}"),
        lambda folder: (folder / "starts.i64").unlink(),
    ],
)
def test_damage_is_noticed(folder, harm):
    assert stored(folder) is not None
    harm(folder)
    with pytest.raises(DamagedError):
        opened(folder)


def test_of_a_long_array_blocks_are_checked(folder, monkeypatch):
    monkeypatch.setattr(tokencache, "BLOCK_BYTES", 4)
    stored(folder)
    header = json.loads((folder / "header.json").read_text())["header"]
    assert len(header["blocks"]) == 3
    path = folder / "tokens.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DamagedError, match="block 2"):
        opened(folder)


def test_nothing_is_left_where_writing_fails(folder):
    with pytest.raises(KeyError), writing(folder, 300) as writer:
        writer.add(FIRST, starts=np.array([0]), num_bytes=3, num_characters=3)
        raise KeyError("stop")
    assert list(folder.parent.iterdir()) == []


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path):
    (tmp_path / "decoded").write_text("a file in the way")
    with pytest.raises(ResourceError, match="GNOMON_CACHE"), writing(tmp_path / "decoded" / "key", 300):
        raise AssertionError("nothing is to be written")


def test_json_values_are_kept_too(folder):
    assert remembered(folder) is None
    remember(folder, {"kind": "subwords", "text": "日晷"})
    assert remembered(folder) == {"kind": "subwords", "text": "日晷"}
    damage("header.json", flip)(folder)
    with pytest.raises(DamagedError):
        remembered(folder)


def test_keys_tell_parts_apart():
    assert len({key_of([b"ab", b"c"]), key_of([b"a", b"bc"]), key_of([b"abc"]), key_of([])}) == 4
    assert key_of([b"a"]) == key_of(iter([b"a"]))
