"""Which column is the target, and what its values mean."""

import numpy as np
import pytest

from gnomon.core.errors import DataError, UsageError
from gnomon.data.columns import choose_target, encode, encode_named


def test_a_known_name_is_chosen_and_said():
    choice = choose_target({"id": ["1", "2"], "Label": ["a", "b"]}, "auto", "t.csv")
    assert choice.name == "Label"
    assert (choice.guesses[0].what, choice.guesses[0].flag) == ("the target is the column 'Label'", "--target id")


def test_names_that_are_usual_for_texts_are_known():
    columns = {"text": ["a", "b"], "name": ["c", "d"], "Sentiment": ["e", "f"]}
    assert choose_target(columns, "auto", "t.csv").name == "Sentiment"


def test_without_a_known_name_the_fewest_distinct_values_win():
    columns = {"serial": ["1", "2", "3", "4"], "colour": ["r", "g", "b", "r"], "good": ["yes", "no", "no", "yes"]}
    choice = choose_target(columns, "auto", "t.csv")
    assert choice.name == "good"
    assert "fewest distinct values (2)" in choice.guesses[0].why


def test_the_users_word_is_taken_without_a_guess():
    assert choose_target({"a": ["1"], "b": ["2"]}, "b", "t.csv").guesses == ()


def test_a_wrong_target_names_the_nearest():
    with pytest.raises(UsageError) as error:
        choose_target({"species": ["a"], "sex": ["b"]}, "specis", "t.csv")
    assert "did you mean 'species'?" in str(error.value)
    assert error.value.exit_code == 2


def test_no_column_of_classes_is_refused():
    with pytest.raises(DataError, match="no column looks like classes"):
        choose_target({"serial": ["1", "2", "3", "4"]}, "auto", "t.csv")


def test_whole_numbers_are_sorted_by_size():
    classes, targets = encode([10, 2, 10.0, "3", None, float("nan")], "t.csv")
    assert classes == ("2", "3", "10")
    assert targets.tolist() == [2, 0, 2, 1, -1, -1]
    assert targets.dtype == np.int64


def test_text_is_sorted_and_stripped_and_absent_values_are_missing():
    classes, targets = encode(["dog ", "cat", "", "NA", "dog"], "t.csv")
    assert classes == ("cat", "dog")
    assert targets.tolist() == [1, 0, -1, -1, 1]


def test_truth_values_are_two_classes():
    assert encode([True, False], "t.csv")[0] == ("False", "True")


def test_quantities_are_no_classes():
    with pytest.raises(DataError, match="51 different numbers, not classes"):
        encode([i + 0.5 for i in range(51)], "t.csv")


def test_an_empty_column_is_refused():
    with pytest.raises(DataError, match="is empty"):
        encode(["", None], "t.csv")


def test_declared_names_are_kept_in_order():
    classes, targets = encode_named([1, 0, -1, None], ["zebra", "ant"], "t.parquet")
    assert classes == ("zebra", "ant")
    assert targets.tolist() == [1, 0, -1, -1]


def test_a_label_without_a_name_is_refused():
    with pytest.raises(DataError, match="has the label 2, but 2 class names"):
        encode_named([2], ["a", "b"], "t.parquet")
