"""Subwords: byte-level BPE of the ``tokenizers`` library, with ids moved up by one so that 0 stays nothing.

Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016; on bytes:
Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gnomon.core.events import Emit, silent
from gnomon.data.ragged import Ragged
from gnomon.data.tokenise import (
    Decoder,
    Ids,
    Ints,
    Stop,
    Unit,
    described,
    encode_many,
    encode_one,
    undescribed,
    well_formed,
)

NUM_BYTES = 256
_PIECE = 1 << 14
"""Characters of a piece of a long text; pieces are encoded side by side."""


class Subwords:
    """Byte-level BPE: a vocabulary of byte strings, learnt by joining the most frequent neighbours.

    ``model`` is the content of a ``tokenizer.json``, of which the vocabulary and the merges are used.
    """

    kind: ClassVar[str] = "subwords"
    unit: ClassVar[Unit] = "subword"

    def __init__(self, model: Mapping[str, Any], *, documents: bool) -> None:
        self._model = model
        self._documents = documents
        vocabulary = model["model"]["vocab"]
        byte_of = {character: byte for byte, character in enumerate(_byte_characters())}
        tokens = sorted(vocabulary, key=vocabulary.__getitem__)
        self._spellings = [b"", *(bytes(byte_of[c] for c in token) for token in tokens), b""]
        self._tokenizer = _built(model["model"])

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many ids there are."""
        return (len(self._spellings) - 1 + self._documents,)

    @property
    def separator(self) -> int | None:
        """The id between two documents."""
        return self.sizes[0] - 1 if self._documents else None

    def ids_of(self, texts: Sequence[str]) -> tuple[Ids, Ints]:
        """Return the ids of some texts, one after the other, and how many each has."""
        encoded = self._tokenizer.encode_batch_fast([well_formed(text) for text in texts], add_special_tokens=False)
        parts = [np.array(one.ids, np.int32) for one in encoded]
        return np.concatenate([np.zeros(0, np.int32), *parts]) + 1, np.array([len(part) for part in parts], np.int64)

    def pieces(self, text: str) -> Iterator[str]:
        """Cut a text in front of white space that follows a word: no token reaches over such a place."""
        return cut_at_words(text)

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
        return {"kind": self.kind, "documents": self._documents, "tokenizer": self._model}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Subwords:
        """Return the tokenizer that ``as_dict`` described. Raises ``ArtefactError``."""
        model = described(values, "tokenizer", dict)
        _require_byte_level(described(model, "model", dict))
        return cls(model, documents=described(values, "documents", bool))

    @classmethod
    def trained(cls, texts: Iterable[str], *, vocabulary: int, documents: bool) -> Subwords:
        """Return BPE with about ``vocabulary`` ids, at least 256, learnt from these texts: the same for the same texts.

        What iterating over ``texts`` raises is raised here.
        """
        from tokenizers import models, trainers

        learnt = _wrapped(models.BPE())
        trainer = trainers.BpeTrainer(
            vocab_size=max(vocabulary - 1 - documents, NUM_BYTES),
            min_frequency=2,
            show_progress=False,
            initial_alphabet=_byte_characters(),
        )
        learnt.train_from_iterator((well_formed(text) for text in texts), trainer=trainer)
        return cls(json.loads(learnt.to_str()), documents=documents)


def cut_at_words(text: str) -> Iterator[str]:
    """Yield a well-formed text in pieces of up to 16,384 characters that begin with the space before a word."""
    text = well_formed(text)
    start = 0
    while len(text) - start > _PIECE:
        end = _border(text, start + _PIECE, start)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _wrapped(model: Any) -> Any:
    """Return a tokenizer around a BPE model: GPT-2's rule for words, nothing normalised, no special tokens."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _built(model: Mapping[str, Any]) -> Any:
    """Return the tokenizer of this vocabulary and these merges, and of nothing else that the description says."""
    from tokenizers import models

    try:
        return _wrapped(models.BPE(vocab=dict(model["vocab"]), merges=[(a, b) for a, b in model["merges"]]))
    except Exception as error:  # the library raises nothing more particular
        raise undescribed(str(error)) from error


def _require_byte_level(model: Mapping[str, Any]) -> None:
    vocabulary, merges = described(model, "vocab", dict), described(model, "merges", list)
    if sorted(map(repr, vocabulary.values())) != sorted(map(repr, range(len(vocabulary)))):
        raise undescribed("the ids of its vocabulary are not 0, 1, 2, …")
    alphabet = set(_byte_characters())
    if not alphabet <= vocabulary.keys() or not all(token and alphabet.issuperset(token) for token in vocabulary):
        raise undescribed("its vocabulary is not one of bytes")
    if not all(isinstance(pair, list | tuple) and [type(part) for part in pair] == [str, str] for pair in merges):
        raise undescribed("a merge of it is not of two tokens")


def _byte_characters() -> list[str]:
    """Return the 256 printable characters that stand for the bytes in a byte-level vocabulary, in their order.

    Source: ``bytes_to_unicode`` of GPT-2: a byte that is printable in Latin-1 stands for itself, the others follow from
    U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(NUM_BYTES, 2 * NUM_BYTES))
    return [chr(byte if byte in printable else next(others)) for byte in range(NUM_BYTES)]


def _border(text: str, end: int, start: int) -> int:
    """Return the last place up to ``end`` where white space follows something else, or ``end`` where there is none."""
    for place in range(end, start, -1):
        if text[place].isspace() and not text[place - 1].isspace():
            return place
    return end
