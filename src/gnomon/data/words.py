"""Words: what text is cut into for classes and tags. Several features a word, so that a new one still means something.

Feature 0 is the word: ids 1 to ``spare`` are shared, by a hash, among all words outside the vocabulary, so that two
unknown words mostly differ and the same one stays the same; then come the words of the vocabulary, the most frequent
first. The other features are those of ``wordfeatures.py``.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gnomon.core.events import Emit, Worked, silent
from gnomon.data import wordfeatures
from gnomon.data.ragged import Ragged
from gnomon.data.tokenise import Ints, Stop, Unit, described, require_going_on, undescribed, well_formed

MAX_VOCABULARY = 50_000
"""Words of a vocabulary that nobody wished larger."""

_SEEN = 2
"""Rarer words share the spare ids, so that these are learnt too."""
_FEW_WORDS = 2000
"""In a text of fewer words all are in the vocabulary."""
_SPARE_LIMITS = (16, 1024)
_AT_ONCE = 1024

_UNSPACED = (
    *("\u3040-\u30ff", "\u31f0-\u31ff", "\u3400-\u4dbf", "\u4e00-\u9fff", "\uf900-\ufaff", "\U00020000-\U0003ffff"),
    *("\u0e00-\u0eff", "\u1000-\u109f", "\u1780-\u17ff"),
)
"""Scripts without spaces: Chinese, Japanese, Thai, Lao, Burmese, Khmer. There a character is a word."""
_APOSTROPHES = "'’"
_ENDINGS = rf"[{_APOSTROPHES}](?i:s|m|d|re|ve|ll|t)"
_CONTRACTED = re.compile(rf"(.+?)([nN][{_APOSTROPHES}][tT]|{_ENDINGS})")
_ELIDED = re.compile(rf"(\w{{1,2}}[{_APOSTROPHES}])(\w.*)")


class Coded:
    """Tokens ``(total, features)``, each kept as a number: token i is row ``codes[i]`` of ``table``."""

    def __init__(self, codes: npt.NDArray[np.int32], table: npt.NDArray[np.int32]) -> None:
        self.codes = codes
        self.table = table
        self.shape = (len(codes), table.shape[1])
        self.dtype = np.dtype(np.int64)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, key: Any) -> npt.NDArray[np.int64]:
        """Return the tokens at an int, a slice or an int array, the features last."""
        return self.table[self.codes[key]].astype(np.int64)

    def take(self, places: Ints) -> Coded:
        """Return the tokens at these places, still as numbers."""
        return Coded(self.codes[places], self.table)

    def followed_by(self, other: Coded) -> Coded:
        """Return these tokens and those of ``other`` behind them."""
        if other.table is self.table:
            return Coded(np.concatenate([self.codes, other.codes]), self.table)
        codes = np.concatenate([self.codes, other.codes + np.int32(len(self.table))])
        return Coded(codes, np.concatenate([self.table, other.table]))


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Texts as words: ``codes (total,)`` are places in ``distinct``; ``offsets`` says where each text begins."""

    codes: npt.NDArray[np.int32]
    offsets: Ints
    distinct: Sequence[str]


class Words:
    """Words with an id, beginnings, endings and a shape."""

    kind: ClassVar[str] = "words"
    unit: ClassVar[Unit] = "word"

    def __init__(self, vocabulary: Sequence[str], *, spare: int, buckets: Sequence[int], lowercase: bool) -> None:
        self.vocabulary = vocabulary
        self._spare = spare
        self._buckets = tuple(buckets)
        self._lowercase = lowercase
        self._id_of = {word: 1 + spare + i for i, word in enumerate(vocabulary)}

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each feature has."""
        return (1 + self._spare + len(self.vocabulary), *(1 + count for count in self._buckets))

    @property
    def first_known(self) -> int:
        """The id of the most frequent word; ids below are shared by unknown words."""
        return 1 + self._spare

    def encode(self, text: str | Sequence[str]) -> Ints:
        """Return the tokens of one text or of given words, shape ``(time, features)``."""
        words = words_of(text)
        return self.features(words).astype(np.int64)

    def encode_all(self, texts: Iterable[str | Sequence[str]], should_stop: Stop, emit: Emit = silent) -> Ragged:
        """Return the tokens of many texts, each ``(time, features)``. Raises ``StoppedError``."""
        return self.encode_listed(listed(texts, should_stop, emit))

    def encode_listed(self, words: Listed) -> Ragged:
        """Return the tokens of texts that are cut into words already."""
        return Ragged(Coded(words.codes, self.features(words.distinct)), words.offsets)  # type: ignore[arg-type]

    def features(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Return one row of features for each word, shape ``(len(words), features)``."""
        keys = [key_of(word, self._lowercase) for word in words]
        ids = np.array([self._id(key) for key in keys], np.int32)[:, None]
        looks = wordfeatures.bucketed(wordfeatures.hashes(keys, words), self._buckets)
        return np.concatenate([ids, looks.astype(np.int32)], axis=1)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the words of some ids with spaces between them; U+FFFD for an unknown one. Not the exact text."""
        words = (self.vocabulary[i - self.first_known] if i >= self.first_known else "\ufffd" for i in ids if i)
        return " ".join(words)

    def known(self, words: Listed) -> float:
        """Return which share of the words is in the vocabulary."""
        is_known = np.array([key_of(word, self._lowercase) in self._id_of for word in words.distinct], bool)
        return float(is_known[words.codes].mean()) if len(words.codes) else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values from which ``from_dict`` makes the same tokenizer."""
        return {
            "kind": self.kind,
            "lowercase": self._lowercase,
            "spare": self._spare,
            "buckets": list(self._buckets),
            "vocabulary": list(self.vocabulary),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Words:
        """Return the tokenizer that ``as_dict`` described. Raises ``ArtefactError``."""
        vocabulary, buckets = described(values, "vocabulary", list), described(values, "buckets", list)
        spare = described(values, "spare", int)
        if not all(isinstance(word, str) for word in vocabulary) or len(set(vocabulary)) != len(vocabulary):
            raise undescribed("its vocabulary is not a list of different words")
        if len(buckets) != wordfeatures.NUM_FEATURES or not all(type(n) is int and n >= 1 for n in [spare, *buckets]):
            raise undescribed(f"its sizes are {spare} and {buckets}")
        return cls(vocabulary, spare=spare, buckets=buckets, lowercase=described(values, "lowercase", bool))

    @classmethod
    def fitted(cls, words: Listed, *, most: int | None, lowercase: bool) -> Words:
        """Return words with the vocabulary of these texts: at most ``most``, or as many as seem worth an id."""
        counts = np.bincount(words.codes, minlength=len(words.distinct)).tolist()
        keys = [key_of(word, lowercase) for word in words.distinct]
        found: Counter[str] = Counter()
        for key, count in zip(keys, counts, strict=True):
            found[key] += count
        fewest = 1 if most is not None or len(words.codes) < _FEW_WORDS else _SEEN
        ranked = sorted((key for key in found if found[key] >= fewest), key=lambda key: (-found[key], key))
        vocabulary = ranked[: MAX_VOCABULARY if most is None else most]
        buckets = wordfeatures.buckets_for(wordfeatures.hashes(keys, words.distinct))
        return cls(vocabulary, spare=_spare_for(len(vocabulary)), buckets=buckets, lowercase=lowercase)

    def _id(self, key: str) -> int:
        known = self._id_of.get(key)
        return 1 + zlib.crc32(key.encode()) % self._spare if known is None else known


def listed(texts: Iterable[str | Sequence[str]], should_stop: Stop, emit: Emit = silent) -> Listed:
    """Return texts, or sentences of given words, as numbers of words. Raises ``StoppedError``."""
    number_of: dict[str, int] = {}
    codes: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    lengths = [0]
    for done, text in enumerate(texts):
        if done % _AT_ONCE == 0:
            require_going_on(should_stop)
            emit(Worked(what="reading words", done=done, total=0, unit="texts"))
        words = words_of(text)
        lengths.append(len(words))
        codes.append(np.array([number_of.setdefault(word, len(number_of)) for word in words], np.int32))
    return Listed(codes=np.concatenate(codes), offsets=np.cumsum(lengths, dtype=np.int64), distinct=list(number_of))


def words_of(text: str | Sequence[str]) -> list[str]:
    """Return given words as they are; cut a text into words, numbers and single punctuation marks.

    English endings are cut off (``do n't``, ``it 's``), as are short beginnings (``l' homme``). A character of a script
    without spaces is a word.
    """
    if not isinstance(text, str):
        return [well_formed(word) for word in text]
    found: list[str] = _pattern().findall(well_formed(text))
    if not any(mark in text for mark in _APOSTROPHES):
        return found
    return [part for word in found for part in _parted(word)]


def key_of(word: str, lowercase: bool) -> str:
    """Return a word as it is looked up: one form of each character, a straight apostrophe, lower case if wished."""
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word).replace("’", "'")
    return word.lower() if lowercase else word


def _parted(word: str) -> tuple[str, ...]:
    if len(word) < 3 or not any(mark in word for mark in _APOSTROPHES) or word.lower() in ("n't", "n’t"):
        return (word,)
    matched = _CONTRACTED.fullmatch(word) or _ELIDED.fullmatch(word)
    return matched.groups() if matched else (word,)


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    unspaced, marks = "".join(_UNSPACED), _marks()
    letters = rf"[^\W{unspaced}]"
    word = rf"{letters}+(?:(?:[{marks}]|(?<=\d)[.,](?=\d)){letters}*)*"
    return re.compile(
        rf"{_ENDINGS}(?![\w{_APOSTROPHES}])|{word}(?:[{_APOSTROPHES}]{word})*|[{unspaced}][{marks}]*|[^\w\s][{marks}]*"
    )


def _marks() -> str:
    """Return the combining marks as ranges for a set of characters: Python's ``\\w`` leaves them out."""
    is_mark = np.array([unicodedata.category(chr(code))[0] == "M" for code in range(0x20000)] + [False])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_mark])))
    return "".join(f"{chr(first)}-{chr(end - 1)}" for first, end in edges.reshape(-1, 2).tolist())


def _spare_for(num_words: int) -> int:
    return int(np.clip(1 << max(num_words // 8, 1).bit_length(), *_SPARE_LIMITS))
