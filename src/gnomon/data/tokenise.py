"""From text to tokens and back: the protocol of all tokenizers, and those that need no library (bytes, characters).

Id 0 is nothing: it stands where there is no token. Bytes, characters and subwords give every text back exactly,
characters that the training text lacks included: such a character is written as the halves of its UTF-8 bytes.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from gnomon.core.errors import ArtefactError, StoppedError
from gnomon.core.events import Emit, Worked, silent
from gnomon.data.ragged import Ragged

Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]
Unit = Literal["byte", "character", "subword", "word"]
Stop = Callable[[], bool]

_AT_ONCE = 1 << 20
"""Characters that are encoded in one go."""
_NUM_HALVES = 16


class Tokenizer(Protocol):
    """Makes tokens of texts."""

    kind: ClassVar[str]
    """The word for it in the configuration: bytes, characters, subwords, words."""
    unit: ClassVar[Unit]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each feature of a token has, 0 included."""
        ...

    def encode(self, text: Any) -> Ints:
        """Return the tokens of one text, shape ``(time, features)``."""
        ...

    def encode_all(self, texts: Iterable[Any], should_stop: Stop, emit: Emit) -> Ragged:
        """Return the tokens of many texts, each ``(time, features)``. Raises ``StoppedError``."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some tokens, named by their first feature."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values from which ``from_dict`` makes the same tokenizer."""
        ...


class ExactTokenizer(Tokenizer, Protocol):
    """A tokenizer of one feature whose ``decode`` is the inverse of ``encode``: fit for texts to be continued."""

    @property
    def separator(self) -> int | None:
        """The id that lies between two documents, where there are several."""
        ...

    def ids_of(self, texts: Sequence[str]) -> tuple[Ids, Ints]:
        """Return the ids of some texts, one after the other, and how many each has."""
        ...

    def pieces(self, text: str) -> Iterator[str]:
        """Cut a long text where this changes none of its tokens, as far as that can be."""
        ...

    def decoder(self) -> Decoder:
        """Return what turns single tokens into text as they come."""
        ...


class Decoder:
    """Turns tokens into text one by one and never gives out half a character.

    ``spellings[id]`` are the UTF-8 bytes of a token; ids in ``halves`` are half-bytes, the upper one first.
    Bytes that are no UTF-8 become U+FFFD.
    """

    def __init__(self, spellings: Sequence[bytes], halves: range = range(0)) -> None:
        self._spellings = spellings
        self._halves = halves
        self._upper: int | None = None
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._allowed: dict[tuple[bytes, int | None], npt.NDArray[np.bool_]] = {}

    def allowed(self) -> npt.NDArray[np.bool_]:
        """Return for each token whether it can come next in valid UTF-8, shape ``(values,)``.

        Tokens without bytes, which separate documents, can come where no character is incomplete.
        """
        begun: bytes = self._text.getstate()[0]
        key = (begun, self._upper)
        if key not in self._allowed:
            spelt = [self._upper is None and _goes_on(begun, spelling) for spelling in self._spellings]
            for number, token in enumerate(self._halves):
                spelt[token] = self._half_goes_on(begun, number)
            spelt[0] = False  # which is no token
            self._allowed[key] = np.array(spelt)
        return self._allowed[key]

    def _half_goes_on(self, begun: bytes, half: int) -> bool:
        if self._upper is not None:
            return _goes_on(begun, bytes([self._upper * _NUM_HALVES + half]))
        return any(_goes_on(begun, bytes([half * _NUM_HALVES + lower])) for lower in range(_NUM_HALVES))

    def push(self, token: int) -> str:
        """Return the characters that this token completes: none, one or several."""
        if token not in self._halves:
            broken = b"" if self._upper is None else b"\xff"
            self._upper = None
            return self._text.decode(broken + self._spellings[token])
        half = self._halves.index(token)
        if self._upper is None:
            self._upper = half
            return ""
        byte, self._upper = bytes([self._upper * _NUM_HALVES + half]), None
        return self._text.decode(byte)

    def finish(self) -> str:
        """Return U+FFFD where the tokens end within a character, else nothing."""
        broken = b"" if self._upper is None else b"\xff"
        self._upper = None
        return self._text.decode(broken, final=True)


_NUM_BYTES_OF = {0xC: 2, 0xD: 2, 0xE: 3, 0xF: 4}
"""Bytes of a character by the upper half of its first one."""


def _goes_on(begun: bytes, more: bytes) -> bool:
    """Return whether bytes go on from the beginning of a character, as far as they say."""
    if not more:
        return not begun
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        decoder.decode(begun + more)
        rest: bytes = decoder.getstate()[0]
        if len(rest) > 1:  # a surrogate is only refused when it is complete
            (rest + b"\x80" * (_NUM_BYTES_OF[rest[0] >> 4] - len(rest))).decode()
    except UnicodeDecodeError:
        return False
    return True


class Bytes:
    """UTF-8 bytes: byte b has the id b + 1."""

    kind: ClassVar[str] = "bytes"
    unit: ClassVar[Unit] = "byte"

    def __init__(self, *, documents: bool) -> None:
        self._documents = documents
        self._spellings = [b"", *(bytes([b]) for b in range(256)), b""]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many ids there are."""
        return (257 + self._documents,)

    @property
    def separator(self) -> int | None:
        """The id between two documents."""
        return 257 if self._documents else None

    def ids_of(self, texts: Sequence[str]) -> tuple[Ids, Ints]:
        """Return the ids of some texts, one after the other, and how many each has."""
        encoded = [utf8(text) for text in texts]
        ids = np.frombuffer(b"".join(encoded), np.uint8).astype(np.int32) + 1
        return ids, np.array([len(one) for one in encoded], np.int64)

    def pieces(self, text: str) -> Iterator[str]:
        """Cut a text anywhere."""
        return cut_anywhere(text)

    def encode(self, text: str) -> Ints:
        """Return the tokens of one text, shape ``(time, 1)``."""
        return encode_one(self, text)

    def encode_all(self, texts: Iterable[str], should_stop: Stop, emit: Emit = silent) -> Ragged:
        """Return the tokens of many texts, each ``(time, 1)``. Raises ``StoppedError``."""
        return encode_many(self, texts, should_stop, emit)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids."""
        return b"".join(self._spellings[i] for i in ids).decode("utf-8", "replace")

    def decoder(self) -> Decoder:
        """Return what turns single ids into text as they come."""
        return Decoder(self._spellings)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values from which ``from_dict`` makes the same tokenizer."""
        return {"kind": self.kind, "documents": self._documents}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Bytes:
        """Return the tokenizer that ``as_dict`` described. Raises ``ArtefactError``."""
        return cls(documents=described(values, "documents", bool))


class Characters:
    """The characters of the training text, ids in the order of their code points; any other one in half-bytes.

    Ids 1 to 16 are the half-bytes. They cost 16 outputs and keep the way back exact, where 256 bytes would make the
    output of a small alphabet five times as large.
    """

    kind: ClassVar[str] = "characters"
    unit: ClassVar[Unit] = "character"

    def __init__(self, alphabet: Iterable[str], *, documents: bool) -> None:
        self._alphabet = sorted(set(alphabet))
        self._documents = documents
        codes = np.array([ord(c) for c in self._alphabet], np.int64)
        self._id_of = np.zeros(int(codes.max(initial=0)) + 2, np.int32)  # the last one stays 0, for all codes above
        self._id_of[codes] = np.arange(len(codes)) + 1 + _NUM_HALVES
        self._halves = range(1, 1 + _NUM_HALVES)
        self._spellings = [b""] * (1 + _NUM_HALVES) + [c.encode() for c in self._alphabet] + [b""]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many ids there are."""
        return (1 + _NUM_HALVES + len(self._alphabet) + self._documents,)

    @property
    def separator(self) -> int | None:
        """The id between two documents."""
        return self.sizes[0] - 1 if self._documents else None

    def ids_of(self, texts: Sequence[str]) -> tuple[Ids, Ints]:
        """Return the ids of some texts, one after the other, and how many each has."""
        whole = [well_formed(text) for text in texts]
        lengths = np.array([len(text) for text in whole], np.int64)
        codes = np.frombuffer("".join(whole).encode("utf-32-le"), "<u4")
        ids = self._id_of[np.minimum(codes, len(self._id_of) - 1)]
        if ids.all():
            return ids, lengths
        return self._with_halves(codes, ids, lengths)

    def pieces(self, text: str) -> Iterator[str]:
        """Cut a text anywhere."""
        return cut_anywhere(text)

    def encode(self, text: str) -> Ints:
        """Return the tokens of one text, shape ``(time, 1)``."""
        return encode_one(self, text)

    def encode_all(self, texts: Iterable[str], should_stop: Stop, emit: Emit = silent) -> Ragged:
        """Return the tokens of many texts, each ``(time, 1)``. Raises ``StoppedError``."""
        return encode_many(self, texts, should_stop, emit)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids."""
        decoder = self.decoder()
        return "".join([*(decoder.push(int(i)) for i in ids), decoder.finish()])

    def decoder(self) -> Decoder:
        """Return what turns single ids into text as they come."""
        return Decoder(self._spellings, self._halves)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values from which ``from_dict`` makes the same tokenizer."""
        return {"kind": self.kind, "alphabet": "".join(self._alphabet), "documents": self._documents}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Characters:
        """Return the tokenizer that ``as_dict`` described. Raises ``ArtefactError``."""
        alphabet = described(values, "alphabet", str)
        if well_formed(alphabet) != alphabet:
            raise undescribed("its alphabet is not Unicode text")
        return cls(alphabet, documents=described(values, "documents", bool))

    def _with_halves(self, codes: npt.NDArray[np.uint32], ids: Ids, lengths: Ints) -> tuple[Ids, Ints]:
        """Put two ids for each byte of a character that has no id of its own."""
        unknown = ids == 0
        written = {int(code): _halves(int(code)) for code in np.unique(codes[unknown])}
        counts = np.ones(len(ids) + 1, np.int64)
        for code, halves in written.items():
            counts[:-1][codes == code] = len(halves)
        ends = np.cumsum(counts)  # one more than there are characters: the place behind the last one
        starts = ends - counts
        filled = np.repeat(ids, counts[:-1])
        for code, halves in written.items():
            filled[starts[:-1][codes == code][:, None] + np.arange(len(halves))] = halves
        borders = starts[np.concatenate([[0], np.cumsum(lengths)])]
        return filled, np.diff(borders)


def encode_one(tokenizer: ExactTokenizer, text: str) -> Ints:
    """Return the tokens of one text, shape ``(time, 1)``."""
    ids, _ = tokenizer.ids_of(list(tokenizer.pieces(text)))
    return ids.astype(np.int64)[:, None]


def encode_many(tokenizer: ExactTokenizer, texts: Iterable[str], should_stop: Stop, emit: Emit) -> Ragged:
    """Return the tokens of many texts, each int32 ``(time, 1)``, some of them at a time. Raises ``StoppedError``."""
    found: list[Ids] = [np.zeros(0, np.int32)]
    lengths: list[Ints] = [np.zeros(1, np.int64)]
    done = 0
    for group in _groups(texts):
        require_going_on(should_stop)
        ids, counts = tokenizer.ids_of(group)
        found.append(ids)
        lengths.append(counts)
        done += len(group)
        emit(Worked(what="encoding", done=done, total=0, unit="texts"))
    return Ragged(np.concatenate(found)[:, None], np.cumsum(np.concatenate(lengths)))


def well_formed(text: str) -> str:
    """Return ``text``; half a surrogate pair, which no encoding can write, becomes U+FFFD, and a whole pair one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def utf8(text: str) -> bytes:
    """Return a text as UTF-8; half a surrogate pair becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return well_formed(text).encode()


def cut_anywhere(text: str) -> Iterator[str]:
    """Yield a well-formed text in pieces of a million characters."""
    text = well_formed(text)
    return (text[start : start + _AT_ONCE] for start in range(0, len(text), _AT_ONCE))


def require_going_on(should_stop: Stop) -> None:
    """Raise ``StoppedError`` where a signal asked to stop."""
    if should_stop():
        raise StoppedError("stopped while texts were being encoded", fix="give the same command again")


def described(values: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return an entry of a tokenizer's description. Raises ``ArtefactError`` where it is missing or of another kind."""
    value = values.get(name)
    if type(value) is not kind:
        raise undescribed(f"its {name!r} is {type(value).__name__}, not {kind.__name__}")
    return value


def undescribed(why: str) -> ArtefactError:
    """Return the error for a tokenizer that is not described as it should be."""
    return ArtefactError(f"the tokenizer cannot be used: {why}", fix="restore the file from a copy, or train again")


def _halves(code: int) -> list[int]:
    return [1 + half for byte in chr(code).encode() for half in divmod(byte, _NUM_HALVES)]


def _groups(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in lists of about a million characters."""
    group: list[str] = []
    size = 0
    for text in texts:
        group.append(text)
        size += len(text)
        if size >= _AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
