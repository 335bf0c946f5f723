import numpy as np
import raw_data
from fake_tree_runs import sentences

from gnomon.data.counting import per_class


def test_labels_are_counted_by_samples_and_tags_by_tokens():
    assert per_class(raw_data.LABELLED, raw_data.texts(["a", "b", "c"], [0, 0, 0])).tolist() == [3, 0]
    assert per_class(raw_data.TAGGED, raw_data.sentences(["a b", "c"], [[1, 1], [-1]])).tolist() == [0, 2, 0]


def test_what_has_no_classes_has_no_counts():
    assert per_class(raw_data.CONTINUED, raw_data.documents("abc")).shape == (0,)
    assert per_class(raw_data.FORECAST, raw_data.ramp(3)).shape == (0,)


def test_nodes_are_counted_where_they_have_labels():
    raw = sentences(1)
    values = raw.splits["train"].targets.values
    assert per_class(raw.spec, raw.splits["train"]).tolist() == np.bincount(values, minlength=5).tolist()
