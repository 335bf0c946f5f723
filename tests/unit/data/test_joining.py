from dataclasses import replace

import numpy as np
import pytest
import raw_data
from fake_tree_runs import sentences

from gnomon.core.errors import DataError
from gnomon.core.spec import NodeLabels, Series, Spec, Tags, Text
from gnomon.data.joining import fit


def test_texts_to_be_continued_need_nothing_but_texts():
    main = raw_data.dataset(raw_data.CONTINUED, all=raw_data.documents("abc"))
    other = raw_data.documents("de")
    assert fit(raw_data.dataset(raw_data.CONTINUED, all=other), main, "valid") is other


def test_tags_are_united_by_name():
    main = raw_data.dataset(raw_data.TAGGED, all=raw_data.sentences(["a"], [[0]]))
    spec = Spec(input=Text(words=True), target=Tags(classes=("VERB", "X", "O")))
    other = raw_data.dataset(spec, all=raw_data.sentences(["go on", "so"], [[0, 2], [-1]]))
    part = fit(other, main, "test")
    assert [found.tolist() for found in part.targets[:]] == [[2, 0], [-1]]


def test_a_tag_that_training_lacks_is_refused():
    main = raw_data.dataset(raw_data.TAGGED, all=raw_data.sentences(["a"], [[0]]))
    spec = Spec(input=Text(words=True), target=Tags(classes=("O", "X")))
    with pytest.raises(DataError, match="has tags that the training data lacks: 'X'") as caught:
        fit(raw_data.dataset(spec, all=raw_data.sentences(["go on"], [[0, 1]])), main, "test")
    assert "'O', 'NOUN', 'VERB'" in caught.value.fix


def test_channels_are_put_into_the_order_of_the_training_data():
    main = raw_data.dataset(raw_data.FORECAST, all=raw_data.ramp(4))
    swapped = replace(raw_data.FORECAST, input=Series(names=("b", "a"), length=0))
    part = fit(raw_data.dataset(swapped, all=raw_data.ramp(2)), main, "valid")
    assert part.inputs.tolist() == [[1, 0], [3, 2]]
    assert part.targets is part.inputs
    same = raw_data.ramp(2)
    assert fit(raw_data.dataset(raw_data.FORECAST, all=same), main, "valid") is same


def test_labels_of_series_stay_beside_their_channels():
    main = raw_data.dataset(raw_data.WAVES, all=raw_data.waves(np.zeros((1, 3, 2)), [0]))
    swapped = replace(raw_data.WAVES, input=Series(names=("b", "a"), length=3))
    wave = np.arange(6).reshape(1, 3, 2)
    part = fit(raw_data.dataset(swapped, all=raw_data.waves(wave, [1])), main, "test")
    assert part.inputs.tolist() == [[[1, 0], [3, 2], [5, 4]]]
    assert part.targets.tolist() == [1]


@pytest.mark.parametrize(
    ("main", "other", "what"),
    [
        (raw_data.FORECAST, Spec(input=Series(names=("a", "c"), length=0), target=raw_data.FORECAST.target), "of a, c"),
        (raw_data.FORECAST, Spec(input=Series(names=("a",), length=0), target=raw_data.FORECAST.target), "series of a"),
        (raw_data.WAVES, Spec(input=Series(names=("a", "b"), length=4), target=raw_data.WAVES.target), "of 4 steps"),
        (raw_data.LABELLED, raw_data.TAGGED, "texts cut into words, the training data texts"),
        (raw_data.LABELLED, raw_data.FORECAST, "the training data texts"),
        (raw_data.LABELLED, raw_data.CONTINUED, "has Text targets, the training data Label targets"),
    ],
)
def test_data_of_another_form_are_refused(main, other, what):
    with pytest.raises(DataError, match="the valid data ") as caught:
        fit(raw_data.dataset(other), raw_data.dataset(main), "valid")
    assert what in str(caught.value)


def test_labels_of_nodes_are_united_by_name():
    main, other = sentences(1), sentences(1)
    turned = replace(other, spec=replace(other.spec, target=NodeLabels(classes=("4", "3", "2", "1", "0"))))
    part = fit(replace(turned, splits={"all": turned.splits["test"]}), main, "test")
    assert part.targets.values.tolist() == (4 - other.splits["test"].targets.values).tolist()
