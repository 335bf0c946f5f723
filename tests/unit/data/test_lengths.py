import raw_data

from gnomon.data import lengths


def texts(spec, **splits):
    return [(finding.level, finding.text, finding.ids) for finding in lengths.find(raw_data.dataset(spec, **splits))]


def test_empty_and_blank_texts_are_counted_and_named():
    train = raw_data.texts(["good one", "", " \n", "bad one"], [0, 0, 1, 1])
    assert texts(raw_data.LABELLED, train=train) == [("warning", "2 texts are empty", ("t1", "t2"))]
    test = raw_data.texts([""], [0], prefix="u")
    assert texts(raw_data.LABELLED, train=train, test=test)[0] == ("warning", "3 texts are empty", ("t1", "t2", "u0"))


def test_nothing_but_empty_texts_is_refused():
    (found,) = texts(raw_data.LABELLED, train=raw_data.texts(["", " "], [0, 1]))
    assert found[:2] == ("error", "all texts are empty")


def test_texts_far_from_the_median_are_told_the_farthest_first():
    usual = ["x" * 100] * 20
    train = raw_data.texts([*usual, "y" * 2001, "z" * 5000, "abc", "de"], [0, 1] * 12)
    assert texts(raw_data.LABELLED, train=train) == [
        ("info", "2 texts are very long: up to 5,000 characters, where the median is 100", ("t21", "t20")),
        ("info", "2 texts are very short: down to 2 characters, where the median is 100", ("t23", "t22")),
    ]
    train = raw_data.texts([*usual, "y" * 2000, "z" * 5], [0, 1] * 11)
    assert texts(raw_data.LABELLED, train=train) == []


def test_sentences_are_measured_in_words():
    long = " ".join(["go"] * 41)
    train = raw_data.sentences(["a b", "c d", "", long], [[0, 1], [0, 1], [], [2] * 41])
    assert texts(raw_data.TAGGED, train=train) == [
        ("warning", "1 sentence is empty", ("s2",)),
        ("info", "1 sentence is very long: up to 41 words, where the median is 2", ("s3",)),
    ]


def test_documents_may_differ_in_length_but_not_be_empty():
    train = raw_data.documents("x" * 1000, "y", "y", "y", "")
    assert texts(raw_data.CONTINUED, all=train) == [("warning", "1 document is empty", ("4.txt",))]


def test_other_data_have_no_texts():
    assert texts(raw_data.FORECAST, all=raw_data.ramp(3)) == []
    assert texts(raw_data.LABELLED) == []
