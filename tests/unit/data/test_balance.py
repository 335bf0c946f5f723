import numpy as np
import raw_data

from gnomon.core.spec import Label, NodeLabels, Spec, Text, Trees
from gnomon.data import balance


def found(spec, **counts):
    return [
        finding
        for part in balance.find(spec, {name: np.array(values) for name, values in counts.items()})
        for finding in part
    ]


def texts(*what, level=None, **counts):
    return [finding.text for finding in found(*what, **counts) if level in (None, finding.level)]


def labelled(num_classes):
    return Spec(input=Text(), target=Label(classes=tuple(f"c{i}" for i in range(num_classes))))


def test_one_tag_only_is_nothing_to_learn():
    (finding,) = [f for f in found(raw_data.TAGGED, train=[50, 0, 0]) if f.level == "error"]
    assert finding.text == "all training tokens have the tag 'O': there is nothing to learn"
    assert finding.fix == "give sentences with at least two tags, or another column with --target"


def test_no_text_at_all_is_nothing_to_learn():
    assert "there is no text to train on" in texts(raw_data.LABELLED, level="error", train=[0, 0])


def test_a_common_tag_is_told_but_rare_ones_are_natural():
    assert texts(raw_data.TAGGED, train=[900, 90, 10]) == [
        "90.0% of the training tokens have the tag 'O': so often it is the right answer"
    ]
    assert texts(raw_data.TAGGED, train=[450, 440, 10]) == []


def test_tags_are_measured_by_tokens():
    assert texts(raw_data.TAGGED, train=[50, 50, 50], test=[10, 20, 4]) == [
        "fewer than 10 test tokens: 'VERB'; with 4 the recall of a tag is known to ± 35% only",
        "test has 34 tokens: its token accuracy is known to ± 16% only",
    ]
    assert texts(raw_data.TAGGED, train=[50, 50, 0], test=[100, 0, 3])[:2] == [
        "no training token, but tokens in another split: 'VERB'; they cannot be learned",
        "no test token, so not measurable: 'NOUN'",
    ]


def test_labels_that_are_all_distinct_look_like_an_id():
    (error,) = [f for f in found(labelled(40), train=[1] * 40) if f.level == "error"]
    assert error.text == (
        "each of the 40 texts has a label of its own ('c0', 'c1', …): that looks like free text or an id, "
        "not like classes"
    )
    assert error.fix == "name another column with --target"


def test_labels_that_are_nearly_all_distinct_are_warned_of():
    assert (
        "30 of 50 training texts have a label that no other has: that looks like free text or an id, not like classes"
    ) in texts(labelled(40), level="warning", train=[2] * 10 + [1] * 30)
    assert not any("free text" in text for text in texts(labelled(40), train=[4] * 10 + [1] * 30))


def test_a_few_samples_say_nothing_about_their_labels():
    assert not any("of its own" in text for text in texts(labelled(2), train=[1, 1]))
    assert not any("of its own" in text for text in texts(labelled(3), train=[1, 1, 1], test=[1, 0, 0]))


def test_what_has_no_classes_has_nothing_to_balance():
    assert balance.find(raw_data.CONTINUED, {"train": np.zeros(0, np.int64)}) == ([], [])


def test_nodes_are_spoken_of_as_nodes():
    spec = Spec(input=Trees(), target=NodeLabels(classes=("0", "1")))
    (finding,) = [f for f in found(spec, train=[50, 0]) if f.level == "error"]
    assert finding.text == "all training nodes have the node label '0': there is nothing to learn"
    assert finding.fix == "give trees with at least two node labels, or another column with --target"
    told = texts(spec, level="info", train=[80, 20], test=[80, 20])
    assert told == ["80.0% of the training nodes have the node label '0': so often it is the right answer"]
