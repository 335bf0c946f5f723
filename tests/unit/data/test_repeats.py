import numpy as np
import raw_data

from gnomon.data import repeats


def test_texts_are_called_texts():
    train = raw_data.texts(["a", "a", "b", "c"], [0, 0, 1, 1])
    test = raw_data.texts(["b", "d"], [0, 1], prefix="u")
    counts, findings = repeats.find(raw_data.dataset(raw_data.LABELLED, train=train, test=test))
    assert counts == {"inside train": 1, "test in train": 1, "under two labels": 1}
    assert [finding.text for finding in findings] == [
        "1 of the test texts (50.00%) also lie in train: their score is too good",
        "1 contents occur under two labels (2 texts): at least one is wrong",
        "1 text in train is an exact copy of another one there",
    ]
    assert findings[1].ids == ("t2", "u0")


def test_a_sentence_may_be_tagged_in_two_ways():
    train = raw_data.sentences(["so be it", "so be it", "fine", "fine"], [[0, 2, 1], [0, 1, 1], [0], [0]])
    counts, findings = repeats.find(raw_data.dataset(raw_data.TAGGED, train=train))
    assert counts == {"inside train": 2, "under two labels": 1}
    assert findings[0].level == "info"
    assert findings[0].text == "1 sentences occur with different tags (2 sentences in all)"
    assert findings[0].ids == ("s0", "s1")


def test_tags_of_other_lengths_are_different():
    train = raw_data.sentences(["a", "a"], [[0], [0, 0]])
    assert repeats.find(raw_data.dataset(raw_data.TAGGED, all=train))[0]["under two labels"] == 1


def test_documents_have_no_labels_to_contradict():
    counts, (finding,) = repeats.find(raw_data.dataset(raw_data.CONTINUED, all=raw_data.documents("a", "b", "a")))
    assert counts == {"inside all": 1}
    assert finding.text == "1 document in all is an exact copy of another one there"


def test_equal_rows_of_a_series_are_no_copies():
    rows = raw_data.rows(np.zeros((5, 2)))
    assert repeats.find(raw_data.dataset(raw_data.FORECAST, all=rows)) == ({}, [])


def test_a_few_sentences_recur_in_any_language():
    train = raw_data.sentences([f"w{i}" for i in range(20)], [[0]] * 20)
    few = raw_data.sentences(["w0", *[f"v{i}" for i in range(9)]], [[0]] * 10, prefix="u")
    many = raw_data.sentences(["w0", "w1", *[f"x{i}" for i in range(8)]], [[0]] * 10, prefix="v")
    _, findings = repeats.find(raw_data.dataset(raw_data.TAGGED, train=train, valid=few, test=many))
    assert [(finding.level, finding.text) for finding in findings] == [
        ("warning", "2 of the test sentences (20.00%) also lie in train: their score is too good"),
        ("info", "1 of the valid sentences (10.00%) also lie in train"),
        ("info", "1 of the test sentences (10.00%) also lie in valid"),
    ]
