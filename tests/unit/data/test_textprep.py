import json

import numpy as np
import pytest

from gnomon.core.errors import ArtefactError, DataError, StoppedError, UsageError
from gnomon.core.spec import Dataset, Label, Sequence, Spec, Split, Tags, Text
from gnomon.data.ragged import Items, Ragged, digests
from gnomon.data.split import take
from gnomon.data.stream import Stream
from gnomon.data.textprep import TextConfig, cut, encoder, filled, prepare
from gnomon.data.tokenise import Bytes

QUESTIONS = ["Who was Galileo ?", "Where is the Sun ?", "", "Who is the king of the hill ?"]
SENTENCES = [("The", "cat", "sat"), ("Dogs", "bark")]
PLAY = "ROMEO:\nO, she doth teach the torches to burn bright!\n"


def split_of(items, targets):
    column = Items(items)
    names = [f"{n}.txt" for n in range(len(items))]
    return Split(
        inputs=column,
        targets=column if targets is None else targets,
        ids=Items(names),
        hashes=digests(repr(item).encode() for item in items),
    )


def dataset(splits, target, words=False):
    return Dataset(
        name="small",
        source="small",
        reader="text",
        spec=Spec(input=Text(words=words), target=target),
        splits=splits,
        fingerprint="f",
        facts={"files": 1},
    )


def questions():
    train = split_of(QUESTIONS, np.array([0, 1, 1, 0]))
    valid = split_of(["Who is Zeus ?"], np.array([0]))
    return dataset({"train": train, "valid": valid}, Label(classes=("HUM", "LOC")))


def sentences(tags=((0, 1, 2), (1, 2))):
    targets = Ragged.of([np.array(one) for one in tags], like=np.zeros(0, np.int64))
    train = split_of(SENTENCES, targets)
    valid = split_of([("A", "longer", "sentence", "barks")], [np.array([0, 1, 1, 2])])
    return dataset({"train": train, "valid": valid}, Tags(classes=("D", "N", "V")), words=True)


def play(train=PLAY * 20, valid=PLAY):
    documents = {"train": [train], "valid": [valid]}
    return dataset({name: split_of(texts, None) for name, texts in documents.items()}, Text())


def prepared(data, known=None, cache_dir=None, **settings):
    return prepare(data, TextConfig(**settings), known, cache_dir=cache_dir)


class TestLabel:
    def test_texts_become_words_and_keep_their_classes(self):
        raw = questions()
        made, preparation = prepared(raw)
        leaf = made.spec.input
        assert isinstance(leaf, Sequence)
        assert (leaf.unit, leaf.length, len(leaf.sizes)) == ("word", 8, 9)
        assert made.spec.target == raw.spec.target
        train = made.splits["train"]
        assert train.inputs.lengths.tolist() == [4, 5, 1, 8]
        assert train.targets is raw.splits["train"].targets
        assert preparation["kind"] == "Text"
        assert made.facts["files"] == 1
        assert made.facts["text"]["splits"]["valid"] == {"num_tokens": 4, "num_cut": 0, "known_words": 0.75}

    def test_long_texts_are_cut_and_it_is_said(self):
        texts = ["a b " * 40] * 300 + ["a b c d e f " * 20]
        data = dataset({"train": split_of(texts, np.zeros(301, np.int64))}, Label(classes=("x",)))
        made, _ = prepared(data)
        assert made.spec.input.length == 80
        assert made.splits["train"].inputs.lengths.max() == 80
        last = made.guesses[-1]
        assert (last.what, last.flag) == ("texts are read up to 80 words", "--set text.length=120")
        assert last.why == "1 of 301 training texts are longer"
        made, _ = prepared(data, length=4)
        assert made.splits["train"].inputs.lengths.max() == 4
        assert len(made.guesses) == 1

    def test_a_short_text_is_not_cut_though_others_are_shorter(self):
        data = dataset({"train": split_of(["a"] * 300 + ["a " * 64], np.zeros(301, np.int64))}, Label(classes=("x",)))
        assert prepared(data)[0].spec.input.length == 64

    @pytest.mark.parametrize(
        ("tokens", "unit", "size"),
        [
            ("bytes", "byte", 257),
            ("characters", "character", 17 + len(set("".join(QUESTIONS)))),
            ("subwords", "subword", 300),
        ],
    )
    def test_other_tokens_may_be_wished(self, tokens, unit, size):
        vocabulary = 300 if tokens == "subwords" else "auto"
        made, preparation = prepared(questions(), tokens=tokens, vocabulary=vocabulary)
        assert made.spec.input.unit == unit
        assert len(made.spec.input.sizes) == 1
        if tokens != "subwords":
            assert made.spec.input.sizes == (size,)
        back = encoder(preparation)
        column = made.splits["train"].inputs
        assert [back.decode(found[:, 0]) for found in column[:2]] == QUESTIONS[:2]
        assert back.decode(column[2][:, 0]) == " "

    def test_capitals_may_be_taken_for_small_letters(self):
        made, preparation = prepared(questions(), tokens="characters", lowercase=True)
        back = encoder(preparation)
        for column in (made.splits["train"].inputs, back.column(QUESTIONS)):
            assert back.decode(column[0][:, 0]) == "who was galileo ?"

    def test_a_vocabulary_is_learnt_from_the_training_split_only(self):
        _, preparation = prepared(questions())
        assert "zeus" not in preparation["tokenizer"]["vocabulary"]
        assert "who" in preparation["tokenizer"]["vocabulary"]

    def test_drawn_splits_work_too(self):
        whole = split_of(QUESTIONS, np.array([0, 1, 1, 0]))
        data = dataset({"train": take(whole, np.array([1, 3]))}, Label(classes=("HUM", "LOC")))
        assert prepared(data)[0].splits["train"].inputs.lengths.tolist() == [5, 8]


class TestTags:
    def test_given_words_keep_their_tags_and_are_not_cut(self):
        made, _ = prepared(sentences())
        assert made.spec.input.length == 4
        assert made.splits["train"].inputs.lengths.tolist() == [3, 2]
        assert made.splits["valid"].targets[0].tolist() == [0, 1, 1, 2]
        assert made.guesses == ()

    def test_as_many_tags_as_words(self):
        with pytest.raises(DataError, match=r"1.txt has 2 words, but 1 tags"):
            prepared(sentences(tags=((0, 1, 2), (1,))))

    def test_what_does_not_suit_is_refused(self):
        with pytest.raises(UsageError, match="cut into words"):
            prepared(sentences(), tokens="bytes")
        with pytest.raises(UsageError, match="is not cut"):
            prepared(sentences(), length=3)


class TestContinued:
    def test_a_text_becomes_a_stream(self):
        made, preparation = prepared(play())
        train = made.splits["train"]
        assert isinstance(train.inputs, Stream)
        assert train.targets is train.inputs
        assert made.spec.input == made.spec.target
        assert (made.spec.input.unit, made.spec.input.length) == ("character", 256)
        assert len(train) == len(train.ids) == len(train.hashes) == -(-(len(PLAY) * 20 - 1) // 256)
        assert len(np.unique(train.hashes)) == len(train)
        assert train.ids[1] == "0.txt@257"
        assert train.inputs.num_characters == len(PLAY) * 20
        assert encoder(preparation).decode(train.inputs.tokens) == PLAY * 20
        assert made.guesses[0].what.startswith("the text is read character by character")

    def test_a_window_is_not_longer_than_the_text(self):
        assert prepared(play(train=PLAY))[0].spec.input.length == len(PLAY) - 1
        assert prepared(play(), length=16)[0].spec.input.length == 16

    def test_several_documents_are_kept_apart(self):
        data = dataset({"train": split_of([PLAY, PLAY], None), "valid": split_of([PLAY], None)}, Text())
        made, preparation = prepared(data, tokens="bytes")
        assert made.spec.input.sizes == (258,)
        assert (made.splits["train"].inputs.tokens == 257).sum() == 1
        assert encoder(preparation).exact().separator == 257

    def test_documents_given_later_become_the_same_stream(self):
        made, preparation = prepared(play())
        again = encoder(preparation).stream([PLAY])
        assert np.array_equal(again.tokens, made.splits["valid"].inputs.tokens)
        assert again.window == 256

    def test_generated_tokens_come_as_text_one_by_one(self):
        back = encoder(prepared(play())[1])
        decoder = back.decoder()
        assert "".join(decoder.push(int(i)) for i in back.encode("Romeo 日晷")[:, 0]) == "Romeo 日晷"

    @pytest.mark.parametrize(
        ("settings", "message"), [({"tokens": "words"}, "exactly"), ({"lowercase": True}, "capital letters")]
    )
    def test_what_does_not_suit_is_refused(self, settings, message):
        with pytest.raises(UsageError, match=message):
            prepared(play(), **settings)

    def test_too_short_a_text_is_refused(self):
        with pytest.raises(DataError, match="the valid text is too short: 1 tokens"):
            prepared(play(valid="O"))


class TestKnown:
    @pytest.mark.parametrize("make", [questions, sentences, play])
    def test_a_preparation_goes_through_json_and_gives_the_same_again(self, make):
        first, preparation = prepared(make())
        known = json.loads(json.dumps(preparation))
        again, same = prepared(make(), known=known)
        assert same == preparation
        assert again.spec == first.spec
        assert again.guesses == ()
        for name, part in first.splits.items():
            pairs = zip(part.inputs[:], again.splits[name].inputs[:], strict=True)
            assert all(np.array_equal(one, other) for one, other in pairs)

    def test_it_is_used_as_it_is(self):
        _, preparation = prepared(questions())
        other = dataset({"test": split_of(["Zeus who ?"], np.array([0]))}, Label(classes=("HUM", "LOC")))
        made, _ = prepared(other, known=preparation)
        column = encoder(preparation).column(["Zeus who ?"])
        assert np.array_equal(made.splits["test"].inputs[0], column[0])
        assert np.array_equal(encoder(preparation).encode("Zeus who ?"), column[0])

    @pytest.mark.parametrize(
        "change",
        [{"schema": 0}, {"form": "?"}, {"length": 0}, {"lowercase": 1}, {"tokenizer": 3}, {"form": "continued"}],
    )
    def test_another_description_is_refused(self, change):
        _, preparation = prepared(questions())
        with pytest.raises(ArtefactError, match="not one that Gnomon wrote"):
            encoder({**preparation, **change})

    def test_words_are_no_way_back(self):
        with pytest.raises(TypeError, match="exact text"):
            encoder(prepared(questions())[1]).decoder()


class TestColumns:
    COLUMN = Ragged(np.arange(1, 7)[:, None], np.array([0, 0, 4, 4, 6]))

    def test_cutting_keeps_the_beginning(self):
        assert [found[:, 0].tolist() for found in cut(self.COLUMN, 3)[:]] == [[], [1, 2, 3], [], [5, 6]]
        assert cut(self.COLUMN, 4) is self.COLUMN

    def test_a_text_without_tokens_gets_one(self):
        found = filled(self.COLUMN, Bytes(documents=False))
        assert [one[:, 0].tolist() for one in found[:]] == [[33], [1, 2, 3, 4], [33], [5, 6]]


def test_settings_out_of_range_are_refused():
    for settings in ({"vocabulary": 0}, {"length": 0}):
        with pytest.raises(UsageError, match="is not possible"):
            prepared(questions(), **settings)


def test_preparing_stops_when_asked_to():
    with pytest.raises(StoppedError):
        prepare(questions(), TextConfig(), cache_dir=None, should_stop=lambda: True)
