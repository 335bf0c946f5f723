"""From texts to tokens: classes and tags for texts, or one long text to be continued. Fitted on the training split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gnomon.core import config as configs
from gnomon.core import seed as seeds
from gnomon.core.config import Auto
from gnomon.core.errors import ArtefactError, DataError, UsageError
from gnomon.core.events import Emit, silent
from gnomon.core.spec import Column, Dataset, Guess, Sequence, Spec, Split, Tags, Text
from gnomon.data import corpus, ordered, words
from gnomon.data.corpus import Surroundings
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.data.stream import Places, Stream
from gnomon.data.subwords import Subwords
from gnomon.data.tokenise import Bytes, Characters, Decoder, ExactTokenizer, Ints, Stop, Tokenizer
from gnomon.data.words import Coded, Words

Form = Literal["label", "tags", "continued"]

SCHEMA = 1
MAX_LENGTHS = {"word": 512, "subword": 512, "character": 2048, "byte": 2048}
"""Tokens of a text that are read at most, where nobody wished more."""
WINDOWS = {"character": 256, "byte": 256, "subword": 128}
"""Tokens of a window of a long text."""
COVERED = 99.5
"""Per cent of the training texts that are read whole, at least."""
SHORT = 64
"""Tokens of a text that is never cut unless it is wished."""

_KINDS: dict[str, type[Bytes] | type[Characters] | type[Subwords] | type[Words]] = {
    kind.kind: kind for kind in (Bytes, Characters, Subwords, Words)
}
_AT_ONCE = 4096


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """How texts become numbers."""

    tokens: Literal["auto", "bytes", "characters", "words", "subwords"] = "auto"
    """What a token is; ``auto``: words for classes and tags, characters or subwords for a text to be continued."""
    vocabulary: int | Auto = "auto"
    """How many different tokens have an id of their own."""
    length: int | Auto = "auto"
    """Most tokens of a text, the rest is cut off; tokens of a window of a text to be continued."""
    every: int | Auto = "auto"
    """Of a long text to be continued every n-th million characters are trained on; ``auto``: as the budget allows."""
    lowercase: bool | Auto = "auto"
    """Take capital and small letters for the same; ``auto``: yes for words, whose shape is kept beside them."""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """Turns texts into what the network takes, just as at training, and its tokens back into text."""

    tokenizer: Tokenizer
    form: Form
    length: int
    lowercase: bool
    every: int = 1
    """Every how many-th million characters of the training text were read."""

    def spec_input(self) -> Sequence:
        """Return the leaf that describes the tokens."""
        return Sequence(sizes=self.tokenizer.sizes, length=self.length, unit=self.tokenizer.unit)

    def encode(self, text: Any) -> Ints:
        """Return the tokens of one text, shape ``(time, features)``; a long one is cut, save one to be continued."""
        if self.form == "continued":
            return self.tokenizer.encode(text)
        return np.asarray(self.column([text])[0], np.int64)

    def column(self, texts: Iterable[Any], should_stop: Stop = lambda: False, emit: Emit = silent) -> Ragged:
        """Return texts as a column of tokens ``(time, features)``, cut to the length. Raises ``StoppedError``."""
        return self.fitting(self.whole(texts, should_stop, emit))

    def stream(self, documents: Iterable[str]) -> Stream:
        """Return documents that are one text to be continued, in memory."""
        items = Items(list(documents))
        part = Split(inputs=items, targets=items, ids=items, hashes=digests([]))
        around = Surroundings(cache_dir=None, emit=silent, should_stop=lambda: False)
        return _stream(corpus.encoded(self.exact(), part, "text", around), self.length)

    def whole(self, texts: Iterable[Any], should_stop: Stop, emit: Emit) -> Ragged:
        """Return texts as a column of tokens, of any length. Raises ``StoppedError``."""
        if self.lowercase and not isinstance(self.tokenizer, Words):
            texts = (text.lower() for text in texts)
        return self.tokenizer.encode_all(texts, should_stop, emit)

    def fitting(self, column: Ragged) -> Ragged:
        """Return a column cut to the length, with one token in each text that has none."""
        return column if self.form == "tags" else cut(filled(column, self.tokenizer), self.length)

    def exact(self) -> ExactTokenizer:
        """Return the tokenizer, whose way back is exact. Raises ``TypeError`` where it is not."""
        if isinstance(self.tokenizer, Words):
            raise TypeError("words do not give the exact text back")
        return self.tokenizer  # type: ignore[return-value]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some tokens, named by their first feature; exact for all but words."""
        return self.tokenizer.decode(ids)

    def decoder(self) -> Decoder:
        """Return what turns single tokens into text as they come, never half a character."""
        return self.exact().decoder()

    def as_dict(self) -> dict[str, Any]:
        """Return the preparation as JSON values."""
        return {
            "kind": "Text",
            "schema": SCHEMA,
            "form": self.form,
            "length": self.length,
            "lowercase": self.lowercase,
            "every": self.every,
            "tokenizer": self.tokenizer.as_dict(),
        }


def prepare(
    dataset: Dataset,
    config: TextConfig,
    known: Mapping[str, Any] | None = None,
    *,
    cache_dir: Path | None,
    emit: Emit = silent,
    should_stop: Stop = lambda: False,
    allowed_s: float | None = None,
) -> tuple[Dataset, dict[str, Any]]:
    """Return a dataset of texts as tokens, and the preparation that ``encoder`` understands.

    Of a text to be continued that would take longer than ``allowed_s`` to encode, a part is taken, and it is said.

    ``known`` is the preparation of an earlier call, used as it is. Ids of a long text to be continued are kept in
    ``cache_dir``, or in memory where that is None. Raises ``UsageError`` for settings that do not suit, ``DataError``
    for data that cannot be used, ``StoppedError`` where a signal asked to stop.
    """
    _check(config, dataset.spec)
    around = Surroundings(cache_dir=cache_dir, emit=emit, should_stop=should_stop, allowed_s=allowed_s)
    stored = None if known is None else encoder(known)
    if isinstance(dataset.spec.target, Text):
        return _continued(dataset, config, stored, around)
    return _samples(dataset, config, stored, around)


def encoder(preparation: Mapping[str, Any]) -> Encoder:
    """Return what a preparation describes. Raises ``ArtefactError`` where it describes nothing."""
    forms = ("label", "tags", "continued")
    form, length, lowercase = (preparation.get(name) for name in ("form", "length", "lowercase"))
    every = preparation.get("every", 1)
    tokenizer = preparation.get("tokenizer")
    kind = tokenizer.get("kind") if isinstance(tokenizer, Mapping) else None
    usable = form in forms and type(length) is int and length >= 1 and type(lowercase) is bool and kind in _KINDS
    usable = usable and type(every) is int and every >= 1
    if preparation.get("schema") != SCHEMA or not usable or (form == "continued" and kind == "words"):
        raise ArtefactError("the preparation of the text is not one that Gnomon wrote", fix="restore the file")
    made = _KINDS[str(kind)].from_dict(tokenizer)  # type: ignore[arg-type]
    return Encoder(tokenizer=made, form=form, length=length, lowercase=lowercase, every=every)  # type: ignore[arg-type]


def cut(column: Ragged, length: int) -> Ragged:
    """Return a column without what lies behind the first ``length`` tokens of each sample."""
    lengths = np.minimum(column.lengths, length)
    if (lengths == column.lengths).all():
        return column
    places = np.repeat(column.offsets[:-1] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    values = column.values.take(places) if isinstance(column.values, Coded) else column.values[places]
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))


def filled(column: Ragged, tokenizer: Tokenizer) -> Ragged:
    """Return a column in which a text without tokens has one: an unknown word, or the first token of a space."""
    empty = np.flatnonzero(column.lengths == 0)
    if not len(empty):
        return column
    places = column.offsets[empty]
    offsets = column.offsets + np.searchsorted(empty, np.arange(len(column.offsets)))
    if isinstance(column.values, Coded) and isinstance(tokenizer, Words):
        held = column.values
        table = np.concatenate([held.table, tokenizer.features([""])])
        values: Any = Coded(np.insert(held.codes, places, len(held.table)), table)
    else:
        values = np.insert(column.values, places, tokenizer.encode(" ")[0], axis=0)
    return Ragged(values, offsets)


def _samples(
    dataset: Dataset, config: TextConfig, stored: Encoder | None, around: Surroundings
) -> tuple[Dataset, dict[str, Any]]:
    """Prepare texts that have a class, or words that have tags."""
    columns: dict[str, Ragged] = {}
    guesses: list[Guess] = []
    made = stored
    if made is None:
        made, columns["train"], guesses = _fitted(dataset, config, around)
    for name, part in dataset.splits.items():
        if name not in columns:
            columns[name] = made.whole(_texts(part.inputs), around.should_stop, around.emit)
    if made.form == "tags":
        made = replace(made, length=max([made.length, *(int(c.lengths.max(initial=1)) for c in columns.values())]))
    if stored is None and made.form == "label":
        guesses += _cut_guess(made, config, columns["train"])
    facts = {name: _counts(made, column) for name, column in columns.items()}
    splits = {name: _split(made, dataset.splits[name], column) for name, column in columns.items()}
    spec = Spec(input=made.spec_input(), target=dataset.spec.target)
    return _with(dataset, spec, splits, guesses, {"tokens": made.tokenizer.kind, "splits": facts}), made.as_dict()


def _fitted(dataset: Dataset, config: TextConfig, around: Surroundings) -> tuple[Encoder, Ragged, list[Guess]]:
    """Return the encoder for the training texts, their tokens, and what was guessed."""
    train = dataset.splits["train"]
    form: Form = "tags" if isinstance(dataset.spec.target, Tags) else "label"
    kind = "words" if config.tokens == "auto" else config.tokens
    lowercase = kind == "words" if config.lowercase == "auto" else config.lowercase
    guesses: list[Guess] = []
    if kind == "words":
        listed = words.listed(_texts(train.inputs), around.should_stop, around.emit)
        most = None if config.vocabulary == "auto" else config.vocabulary
        spoken = Words.fitted(listed, most=most, lowercase=lowercase)
        tokenizer: Tokenizer = spoken
        column = spoken.encode_listed(listed)
        if config.tokens == "auto" and form == "label":
            guesses.append(_words_guess(spoken, len(listed.distinct)))
    else:
        folded = _lowered(train) if lowercase else train
        tokenizer, _ = corpus.fit(folded, kind, config.vocabulary, documents=False, around=around)
        column = tokenizer.encode_all(_texts(folded.inputs), around.should_stop, around.emit)
    length = _length(config, column, tokenizer.unit) if form == "label" else int(column.lengths.max(initial=1))
    return Encoder(tokenizer=tokenizer, form=form, length=length, lowercase=lowercase), column, guesses


def _continued(
    dataset: Dataset, config: TextConfig, stored: Encoder | None, around: Surroundings
) -> tuple[Dataset, dict[str, Any]]:
    """Prepare a text that is to be continued."""
    guesses: tuple[Guess, ...] = ()
    if stored is None:
        several = not all(ordered.is_one_text(part.inputs) for part in dataset.splits.values())
        kind = config.tokens
        tokenizer, guesses = corpus.fit(
            dataset.splits["train"],
            kind,  # type: ignore[arg-type]  # words were refused
            config.vocabulary,
            documents=several,
            around=around,
        )
        every = corpus.thinning(tokenizer, dataset.splits["train"], around) if config.every == "auto" else config.every
        guesses += _thin_guess(dataset.splits["train"], every) if config.every == "auto" else ()
    else:
        tokenizer, every = stored.exact(), stored.every
    found = {
        name: corpus.encoded(tokenizer, part, name, around, every=every if name == "train" else 1)
        for name, part in dataset.splits.items()
    }
    for name, one in found.items():
        if name in ("train", "valid") and len(one.tokens) < 2:
            raise DataError(
                f"the {name} text is too short: {len(one.tokens)} tokens", fix="give more text, or another --split"
            )
    made = stored or Encoder(
        tokenizer=tokenizer,
        form="continued",
        length=_window(config, found["train"], tokenizer.unit),
        lowercase=False,
        every=every,
    )
    leaf = made.spec_input()
    splits = {}
    for name, one in found.items():
        key = seeds.key("stream", dataset.fingerprint, name)
        splits[name] = _streamed(dataset.splits[name], one, made.length, key)
    facts = {
        name: {"num_tokens": len(one.tokens), "num_bytes": one.num_bytes, "num_characters": one.num_characters}
        for name, one in found.items()
    }
    told = {"tokens": tokenizer.kind, "splits": facts}
    return _with(dataset, Spec(input=leaf, target=leaf), splits, guesses, told), made.as_dict()


def _thin_guess(train: Split, every: int) -> tuple[Guess, ...]:
    if every == 1:
        return ()
    return (
        Guess(
            what=f"one of every {every} million characters of train is read",
            why=f"the budget has no time for all {ordered.num_characters(train.inputs):,}",
            flag="--budget, or --set text.every=1",
        ),
    )


def _with(
    dataset: Dataset, spec: Spec, splits: Mapping[str, Split], guesses: Iterable[Guess], facts: Mapping[str, Any]
) -> Dataset:
    about = {**facts, "vocabulary": spec.input.sizes[0], "length": spec.input.length}  # type: ignore[union-attr]
    return replace(
        dataset,
        spec=spec,
        splits=splits,
        guesses=(*dataset.guesses, *guesses),
        facts={**dataset.facts, "text": about},
    )


def _streamed(part: Split, found: corpus.Corpus, window: int, key: int) -> Split:
    """Return a split of windows. Two windows never count as equal content: what came before them differs."""
    stream = _stream(found, window)
    marks = np.zeros((len(stream), 2), "<u8")
    marks[:, 0] = np.arange(len(stream))
    marks[:, 1] = key
    return Split(
        inputs=stream,
        targets=stream,
        ids=Places([str(name) for name in part.ids[:]], found.starts, stream),
        hashes=marks.reshape(-1).view("V16"),
    )


def _stream(found: corpus.Corpus, window: int) -> Stream:
    return Stream(found.tokens, window, num_bytes=found.num_bytes, num_characters=found.num_characters)


def _split(made: Encoder, part: Split, column: Ragged) -> Split:
    if made.form == "label":
        return replace(part, inputs=made.fitting(column))
    tags = part.targets if isinstance(part.targets, Ragged) else Ragged.of(part.targets, like=np.zeros(0, np.int64))
    odd = np.flatnonzero(tags.lengths != column.lengths)
    if len(odd):
        first = int(odd[0])
        raise DataError(
            f"{part.ids[first]} has {column.lengths[first]} words, but {tags.lengths[first]} tags",
            fix="give every word one tag",
        )
    return replace(part, inputs=column, targets=tags)


def _counts(made: Encoder, column: Ragged) -> dict[str, Any]:
    found: dict[str, Any] = {"num_tokens": int(column.lengths.sum())}
    if made.form == "label":
        found["num_cut"] = int((column.lengths > made.length).sum())
    if isinstance(made.tokenizer, Words) and isinstance(column.values, Coded) and len(column.values):
        is_known = column.values.table[:, 0] >= made.tokenizer.first_known
        found["known_words"] = float(is_known[column.values.codes].mean())
    return found


def _length(config: TextConfig, column: Ragged, unit: str) -> int:
    if config.length != "auto":
        return config.length
    longest = int(column.lengths.max(initial=1))
    enough = int(np.ceil(np.percentile(column.lengths, COVERED))) if len(column) else 1
    return max(1, min(longest, max(enough, SHORT), MAX_LENGTHS[unit]))


def _window(config: TextConfig, train: corpus.Corpus, unit: str) -> int:
    wished = WINDOWS[unit] if config.length == "auto" else config.length
    return min(wished, len(train.tokens) - 1)


def _words_guess(tokenizer: Words, num_distinct: int) -> Guess:
    return Guess(
        what=f"texts are read as words: {len(tokenizer.vocabulary):,} have a place of their own",
        why=f"the training texts have {num_distinct:,} different ones; rarer ones are known by their parts",
        flag="--set text.tokens=characters, or --set text.vocabulary=10000",
    )


def _cut_guess(made: Encoder, config: TextConfig, column: Ragged) -> list[Guess]:
    num_cut = int((column.lengths > made.length).sum())
    if config.length != "auto" or not num_cut:
        return []
    return [
        Guess(
            what=f"texts are read up to {made.length} {made.tokenizer.unit}s",
            why=f"{num_cut:,} of {len(column):,} training texts are longer",
            flag=f"--set text.length={int(column.lengths.max())}",
        )
    ]


def _texts(column: Column) -> Iterator[Any]:
    for start in range(0, len(column), _AT_ONCE):
        yield from column[start : start + _AT_ONCE]


def _lowered(part: Split) -> Split:
    return replace(part, inputs=Items([text.lower() for text in _texts(part.inputs)]))


def _check(config: TextConfig, spec: Spec) -> None:
    if config.vocabulary != "auto":
        configs.require_within("text.vocabulary", config.vocabulary, 1, 1_000_000)
    if config.length != "auto":
        configs.require_within("text.length", config.length, 1, 1_000_000)
    if config.every != "auto":
        configs.require_within("text.every", config.every, 1, 1_000_000)
    given_words = isinstance(spec.input, Text) and spec.input.words
    if given_words and config.tokens not in ("auto", "words"):
        raise UsageError(f"text.tokens = {config.tokens}, but the data is cut into words", fix="leave it out")
    if isinstance(spec.target, Tags) and config.length != "auto":
        raise UsageError("text.length cannot be set: a sentence that is to be tagged is not cut", fix="leave it out")
    if not isinstance(spec.target, Text):
        return
    if config.tokens == "words":
        raise UsageError(
            "words do not say exactly how a text goes on", fix="choose --set text.tokens=subwords, characters or bytes"
        )
    if config.lowercase is True:
        raise UsageError("a text to be continued keeps its capital letters", fix="leave text.lowercase out")
