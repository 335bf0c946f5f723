"""training/tensorfile.py: tensors come back bit for bit, and what is not a sound file is refused."""

import hashlib
import io
import json
import os
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch

from gnomon.core.errors import ArtefactError
from gnomon.training.tensorfile import Digest, read_exactly, read_tensors, refuse_code, write_tensors


def digest_of(data: bytes) -> Digest:
    return Digest(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def raw(header, data=b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def floats(start, end, shape=(2,)):
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}


ALL = {
    "f64": torch.tensor([1 / 3], dtype=torch.float64),
    "f32": torch.tensor([[0.1, -0.0], [float("nan"), float("inf")]]),
    "f16": torch.tensor([0.5], dtype=torch.float16),
    "bf16": torch.tensor([1.0, 2.5, -3.0], dtype=torch.bfloat16),
    "i64": torch.tensor([2**62, -1]),
    "i32": torch.tensor([7], dtype=torch.int32),
    "i16": torch.tensor([-7], dtype=torch.int16),
    "i8": torch.tensor([-128], dtype=torch.int8),
    "u8": torch.tensor([255], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(3),
    "empty": torch.zeros(0, 3),
    "transposed": torch.arange(6.0).reshape(2, 3).t(),
    "sliced": torch.arange(10.0)[::3],
    "channels_last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    "needs a gradient": torch.ones(2, requires_grad=True),
    "ünicode/名": torch.ones(1),
}


def test_every_kind_of_tensor_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "a.safetensors"
    digest = write_tensors(path, ALL)
    back = read_tensors(path, digest)
    assert set(back) == set(ALL)
    for name, tensor in ALL.items():
        assert (back[name].dtype, back[name].shape) == (tensor.dtype, tensor.shape)
        assert back[name].is_contiguous() and not back[name].requires_grad
        expected = tensor.detach().contiguous().reshape(-1).view(torch.uint8)
        assert torch.equal(back[name].reshape(-1).view(torch.uint8), expected)


def test_the_library_reads_the_same_file(tmp_path):
    digest = write_tensors(tmp_path / "a", ALL)
    data = (tmp_path / "a").read_bytes()
    assert digest == digest_of(data)
    assert set(safetensors.torch.load(data)) == set(ALL)
    assert (8 + int.from_bytes(data[:8], "little")) % 8 == 0


def test_the_same_tensors_in_another_order_give_the_same_bytes(tmp_path):
    assert write_tensors(tmp_path / "a", ALL) == write_tensors(tmp_path / "b", dict(reversed(ALL.items())))


def test_shared_memory_is_written_twice(tmp_path):
    tied = torch.ones(4)
    back = read_tensors(tmp_path / "a", write_tensors(tmp_path / "a", {"in": tied, "out": tied, "part": tied[1:]}))
    assert [back[name].numel() for name in ("in", "out", "part")] == [4, 4, 3]


def test_no_tensors_at_all(tmp_path):
    assert read_tensors(tmp_path / "a", write_tensors(tmp_path / "a", {})) == {}


def test_a_dtype_that_the_format_lacks(tmp_path):
    with pytest.raises(ValueError, match=r"torch.complex128 cannot be stored \(z\)"):
        write_tensors(tmp_path / "a", {"z": torch.ones(1, dtype=torch.complex128)})
    assert list(tmp_path.iterdir()) == []


HOSTILE = {
    "nothing": b"",
    "a header longer than the file": (1 << 40).to_bytes(8, "little") + b"{}",
    "a header of 2^64 - 1 bytes": b"\xff" * 8 + b"{}",
    "no JSON": raw(b"{no json"),
    "no UTF-8": raw(b"\xff\xfe{}"),
    "a list": raw(b"[]"),
    "a deep header": raw(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "overlapping tensors": raw({"a": floats(0, 8), "b": floats(0, 8)}, bytes(8)),
    "partly overlapping tensors": raw({"a": floats(0, 8), "b": floats(4, 12)}, bytes(12)),
    "a hole": raw({"a": floats(8, 16)}, bytes(16)),
    "bytes that belong to nobody": raw({"a": floats(0, 8)}, bytes(16)),
    "too few bytes": raw({"a": floats(0, 8)}, bytes(4)),
    "offsets backwards": raw({"a": floats(8, 0)}, bytes(8)),
    "a shape that does not fit": raw({"a": floats(0, 8, (3,))}, bytes(8)),
    "a negative shape": raw({"a": floats(0, 8, (-2,))}, bytes(8)),
    "a shape that overflows": raw({"a": floats(0, 8, (2**62, 4))}, bytes(8)),
    "a terabyte": raw({"a": floats(0, 2**40, (2**38,))}, bytes(8)),
    "an unknown dtype": raw({"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    "a dtype that torch lacks": raw({"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 1]}}, bytes(1)),
    "a name twice": raw(b'{"a":%b,"a":%b}' % ((json.dumps(floats(0, 8)).encode(),) * 2), bytes(8)),
    "truth values of 7": raw({"a": {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}}, b"\x07\x01"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_not_sound_is_refused_even_when_its_hash_is_right(tmp_path, name):
    path = tmp_path / "a.safetensors"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(ArtefactError) as caught:
        read_tensors(path, digest_of(HOSTILE[name]))
    assert caught.value.path == str(path)
    assert caught.value.exit_code == 6


def test_other_sizes_and_other_hashes_are_told(tmp_path):
    path = tmp_path / "a"
    digest = write_tensors(path, {"a": torch.ones(100)})
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtefactError, match=f"has {digest.size + 1} bytes, not the {digest.size} that were written"):
        read_exactly(path, digest)
    path.write_bytes(path.read_bytes()[:-2] + b"y")
    with pytest.raises(ArtefactError, match="its SHA-256 is another"):
        read_exactly(path, digest)
    path.unlink()
    with pytest.raises(ArtefactError, match="cannot be read: No such file or directory"):
        read_exactly(path, digest)


def test_a_size_that_was_declared_is_not_allocated(tmp_path):
    (tmp_path / "a").write_bytes(b"small")
    with pytest.raises(ArtefactError, match="has 5 bytes"):
        read_exactly(tmp_path / "a", Digest(size=2**50, sha256="0" * 64))


def test_a_pipe_a_folder_and_a_device_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(ArtefactError, match="is not a plain file"):
            read_exactly(tmp_path / name, digest_of(b""))
        with pytest.raises(ArtefactError, match="is not a plain file"):
            refuse_code(tmp_path / name)
    with pytest.raises(ArtefactError, match=r"Is a directory|is not a plain file"):
        read_exactly(tmp_path / "folder", digest_of(b""))


def code_formats() -> dict[str, bytes]:
    archive, array = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.pkl", b"cos\nsystem\n")
    np.save(array, np.ones(2))
    return {
        "a pickle": b"\x80\x04\x95\x1e\x00\x00\x00",
        "a PyTorch": archive.getvalue(),
        "a NumPy file": array.getvalue(),
        "an HDF5 file": b"\x89HDF\r\n\x1a\n",
    }


@pytest.mark.parametrize("name", sorted(code_formats()))
def test_formats_that_can_run_code_are_named_and_refused(tmp_path, name):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(code_formats()[name])
    with pytest.raises(ArtefactError, match=f"is {name}.* is not loaded: such files can run code"):
        refuse_code(path)


def test_a_header_of_any_length_is_not_taken_for_code(tmp_path):
    lengths = set()
    for extra in range(0, 256, 4):
        write_tensors(tmp_path / "a", {"x" * (600 + extra): torch.ones(1)})
        lengths.add((tmp_path / "a").read_bytes()[0])
        refuse_code(tmp_path / "a")
    assert lengths == set(range(0, 256, 8))  # 128 among them, with which a pickle begins


def test_a_sound_file_is_not_taken_for_code(tmp_path):
    for count in (0, 1, 128, 300):
        write_tensors(tmp_path / "a", {f"{n}": torch.ones(1) for n in range(count)})
        refuse_code(tmp_path / "a")
