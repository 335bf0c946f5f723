"""Named tensors in one safetensors file, hashed while they are written and before they are read.

Source: the safetensors format, https://github.com/huggingface/safetensors#format: eight bytes with the length
of the header, a JSON header, then the tensors' bytes without gaps. Gnomon writes it itself, to hash on the way,
to make every write a fault point and to copy nothing; the library reads and checks it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import safetensors
import safetensors.torch
import torch

from gnomon.core import files
from gnomon.core.errors import ArtefactError

_DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_HEADER_LIMIT = 100_000_000
_CODE_MAGICS = {
    b"\x80": "a pickle",
    b"PK\x03\x04": "a PyTorch, Keras or NumPy archive",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUM": "a NumPy file",
}


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What a file must be: its size in bytes and its SHA-256 in lower-case hexadecimal digits."""

    size: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], *, sync: bool = True) -> Digest:
    """Write tensors of any shape, device and memory format; return what the file must be.

    Elements are written in row-major order: whoever loads copies them into a parameter of the memory format that
    it wants. The same tensors give the same bytes. Raises ``ResourceError``; ``ValueError``: unknown dtype.
    """
    names = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header = _header({name: tensors[name] for name in names})
    num_bytes = len(header) + sum(tensors[name].nbytes for name in names)
    sha256 = hashlib.sha256(header)
    with files.output(path, num_bytes=num_bytes, sync=sync) as file:
        file.write(header)
        for name in names:
            content = _content(tensors[name])
            sha256.update(content)
            file.write(content)
    return Digest(size=num_bytes, sha256=sha256.hexdigest())


def read_tensors(path: Path, expected: Digest) -> dict[str, torch.Tensor]:
    """Return the tensors of a file, on the CPU, after its size, hash, header and offsets were checked.

    Raises ``ArtefactError``; nothing larger than the file itself is allocated for it.
    """
    data = read_exactly(path, expected)
    try:
        tensors = safetensors.torch.load(data)
    except (safetensors.SafetensorError, LookupError, AssertionError, RuntimeError, ValueError) as error:
        raise _refused(path, f"is not a valid safetensors file: {error}") from error
    for name in _repeated_names(data):
        raise _refused(path, f"names the tensor {name!r} twice")
    for name, tensor in tensors.items():
        if tensor.dtype == torch.bool and tensor.view(torch.uint8).gt(1).any():
            raise _refused(path, f"the tensor {name!r} has truth values that are neither 0 nor 1")
    return tensors


def read_exactly(path: Path, expected: Digest) -> bytes:
    """Return a file's bytes where they are what they must be. Raises ``ArtefactError`` saying what differs."""
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size != expected.size:
            raise _refused(path, f"has {size:,} bytes, not the {expected.size:,} that were written")
        try:
            data = file.read(size)
        except OSError as error:
            raise _refused(path, f"cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != expected.sha256:
        raise _refused(path, "differs from what was written: its SHA-256 is another")
    return data


def refuse_code(path: Path) -> None:
    """Raise ``ArtefactError`` where a file begins like a format that can run code when it is loaded."""
    with _opened(path) as file:
        head = file.read(9)
        size = os.fstat(file.fileno()).st_size
    # A safetensors file begins with the length of its header, whose first byte may be any multiple of eight.
    if head[8:] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return
    for magic, name in _CODE_MAGICS.items():
        if head.startswith(magic):
            raise ArtefactError(
                f"is {name} and is not loaded: such files can run code",
                fix="ask for the weights as safetensors, or train the model again",
                path=path,
            )


def _opened(path: Path) -> BinaryIO:
    try:
        # Without waiting: a pipe under this name must not hang Gnomon.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise _refused(path, "is not a plain file")
    return file


def _header(tensors: Mapping[str, torch.Tensor]) -> bytes:
    entries: dict[str, Any] = {}
    start = 0
    for name, tensor in tensors.items():
        if tensor.dtype not in _DTYPES:
            raise ValueError(f"a tensor of {tensor.dtype} cannot be stored ({name})")
        end = start + tensor.nbytes
        entries[name] = {
            "dtype": _DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
        start = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors begin at a multiple of eight bytes
    if len(text) > _HEADER_LIMIT:
        raise ValueError(f"{len(tensors)} tensors need a header over the format's limit")
    return len(text).to_bytes(8, "little") + text


def _content(tensor: torch.Tensor) -> memoryview:
    flat = tensor.detach().to("cpu").contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def _repeated_names(data: bytes) -> Iterator[str]:
    """Yield names that a header holds twice, which JSON readers settle in different ways."""
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            repeated.extend(name for name in names if names.count(name) > 1)

    json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")], object_pairs_hook=collect)
    yield from repeated


def _refused(path: Path, what: str) -> ArtefactError:
    return ArtefactError(what, fix="restore the file from a copy, or train the model again", path=path)
