import numpy as np
import pytest

from gnomon.core import spans

CLASSES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-PER", "S-PER", "S-LOC")


def coded(text):
    return np.array([CLASSES.index(tag) for tag in text.split()], dtype=np.int64)


def found(text, *, lengths=None):
    tags = coded(text)
    names = spans.kinds(CLASSES)
    rows = spans.find(tags, np.array(lengths or [len(tags)]), CLASSES)
    return [(int(first), int(end), names[kind]) for first, end, kind in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("O O", []),
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("B-PER B-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("I-PER I-PER O", [(0, 2, "PER")]),
        ("O I-LOC", [(1, 2, "LOC")]),
        ("B-PER I-LOC", [(0, 1, "PER"), (1, 2, "LOC")]),
        ("B-PER I-PER E-PER I-PER", [(0, 3, "PER"), (3, 4, "PER")]),
        ("S-PER I-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("E-PER E-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("I-PER S-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("S-LOC B-LOC I-LOC", [(0, 1, "LOC"), (1, 3, "LOC")]),
    ],
)
def test_spans_are_read_as_conlleval_reads_them(text, expected):
    assert found(text) == expected


def test_a_sentence_ends_a_span_and_may_be_empty():
    assert found("B-PER I-PER I-PER O I-PER", lengths=[2, 0, 2, 1, 0]) == [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "PER")]


def test_no_token_has_no_span():
    assert spans.find(np.zeros(0, np.int64), np.zeros(0, np.int64), CLASSES).shape == (0, 3)


def conlleval(tags):
    """The rules of conlleval.pl, a token at a time: the chunks of one sentence."""
    chunks, start, last, kind = [], None, "O", ""
    for i, tag in enumerate([*tags, "O"]):
        place, _, here = tag.partition("-")
        ends = last != "O" and (place in "BSO" or last in "ES" or here != kind)
        begins = place != "O" and (place in "BS" or last in "ESO" or here != kind)
        if start is not None and ends:
            chunks.append((start, i, kind))
            start = None
        if begins:
            start = i
        last, kind = place, here
    return chunks


def test_spans_of_random_tags_agree_with_the_rules_applied_a_token_at_a_time():
    generator = np.random.default_rng(0)
    names = spans.kinds(CLASSES)
    total = 0
    for _ in range(300):
        tags = generator.integers(0, len(CLASSES), generator.integers(1, 12))
        rows = spans.find(tags, np.array([len(tags)]), CLASSES)
        expected = conlleval([CLASSES[tag] for tag in tags])
        assert [(int(a), int(b), names[k]) for a, b, k in rows] == expected
        total += len(expected)
    assert total > 500


def test_right_true_and_predicted_spans_are_counted_by_sentence():
    true = coded("B-PER I-PER O B-LOC  O  B-LOC I-LOC")
    told = coded("B-PER I-PER O B-PER  O  B-LOC O")
    counts = spans.per_sentence(true, told, np.array([4, 1, 2]), CLASSES)
    assert counts.tolist() == [[1, 2, 2], [0, 0, 0], [0, 1, 1]]


def test_each_kind_has_its_own_precision_and_recall():
    true = coded("B-PER I-PER O B-LOC B-LOC")
    told = coded("B-PER I-PER O B-PER B-LOC")
    loc, per = spans.per_kind(true, told, np.array([5]), CLASSES)
    assert loc == {"name": "LOC", "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2}
    assert per == {"name": "PER", "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "support": 1}


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (("O", "B-PER", "I-PER"), True),
        (("O", "I-PER"), True),
        (("B_NP", "I_NP"), True),
        (("B", "M", "E", "S"), True),
        (("O", "U-PER", "L-PER", "B-PER"), True),
        (("NOUN", "VERB", "O"), False),
        (("O",), False),
        (("O", "I"), False),
        (("S", "U"), False),
        (("B-PER", "PUNCT"), False),
    ],
)
def test_tags_that_name_spans_are_known_by_their_names(classes, expected):
    assert spans.are_spans(classes) is expected


def test_tags_without_a_kind_are_spans_of_one_kind():
    classes = ("B", "M", "E", "S")
    tags = np.array([0, 1, 2, 3, 0, 2])
    assert spans.kinds(classes) == ("span",)
    assert spans.find(tags, np.array([6]), classes)[:, :2].tolist() == [[0, 3], [3, 4], [4, 6]]
