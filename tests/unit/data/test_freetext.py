"""Which columns hold free text."""

import pytest

from gnomon.core.errors import UsageError
from gnomon.data import freetext

REVIEWS = [f"this film number {i} was rather long" for i in range(30)]
CHINESE = [f"这部电影第{'很' * (i % 7)}好看{i}" for i in range(30)]
CITIES = ["New York", "Paris", "Rome"] * 10
DATES = [f"2024-01-{i:02d} 10:00:00" for i in range(1, 31)]
MOLECULES = [f"C{'C' * i}(=O)O" for i in range(30)]
PASSENGERS = [f"Braund, Mr. Owen {i}" for i in range(30)]
NUMBERS = [str(i / 7) for i in range(30)]


@pytest.mark.parametrize(
    ("values", "is_free"),
    [
        (REVIEWS, True),
        (CHINESE, True),
        (CITIES, False),
        (DATES, False),
        (MOLECULES, False),
        (NUMBERS, False),
        (["a sentence that is always the same"] * 30, False),
        ([None] * 30, False),
        (list(range(30)), False),
        ([], False),
    ],
)
def test_free_text_is_told_from_other_columns(values, is_free):
    assert ("x" in freetext.text_columns({"x": values, "y": CITIES})) == is_free


def test_names_of_people_in_a_wide_table_are_no_text():
    assert "n" in freetext.text_columns({"n": PASSENGERS, "class": CITIES})
    wide = {f"c{i}": NUMBERS for i in range(5)}
    assert freetext.text_columns({"n": PASSENGERS, **wide}) == {}
    assert list(freetext.text_columns({"review": PASSENGERS, **wide})) == ["review"]


def test_a_known_name_is_chosen_and_its_title_with_it():
    columns = {"notes": [r * 5 for r in REVIEWS], "title": REVIEWS, "content": REVIEWS, "label": CITIES}
    chosen, guesses = freetext.choose(columns, "auto", "t.csv")
    assert chosen == ("title", "content")
    assert guesses[0].what == "the text is the column 'title' and 'content'"
    assert guesses[0].flag == "--set reader.text=notes"


def test_the_longest_texts_are_chosen_otherwise():
    chosen, guesses = freetext.choose({"a": REVIEWS, "b": [r + " and more" for r in REVIEWS]}, "auto", "t.csv")
    assert chosen == ("b",)
    assert "longest" in guesses[0].why


def test_all_texts_of_a_table_without_header_are_joined():
    columns = {"column 1": CITIES, "column 2": REVIEWS, "column 3": REVIEWS}
    assert freetext.choose(columns, "auto", "t.csv")[0] == ("column 2", "column 3")


def test_the_users_word_is_taken_and_checked():
    columns = {"a": REVIEWS, "b": CITIES}
    assert freetext.choose(columns, "b, a", "t.csv") == (("b", "a"), ())
    with pytest.raises(UsageError, match="no column 'c'") as error:
        freetext.choose(columns, "c", "t.csv")
    assert error.value.fix == "there are: a, b"
    assert freetext.choose({"b": CITIES}, "auto", "t.csv") == ((), ())


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ({"label": ["1", "2"] * 9, "text": REVIEWS[:18]}, True),
        ({"3": ["1", "2"] * 9, "a first sentence to read here": REVIEWS[:18]}, False),
        ({"ham": ["ham", "spam"] * 9, "Go until jurong point, crazy..": REVIEWS[:18]}, False),
        ({"kind": ["ham", "spam"] * 9, "message": REVIEWS[:18]}, True),
        ({"text": REVIEWS, "2024": NUMBERS}, True),
    ],
)
def test_a_header_is_told_from_a_first_row(columns, header):
    if "2024" in columns:
        columns = {"text": REVIEWS, "year": NUMBERS}
    assert freetext.has_header(columns) == header


def test_numbers_get_the_names_beside_them():
    columns = {"label": ["1", "0", "1"], "label_name": ["pos", "neg", "pos"]}
    assert freetext.class_names(columns, "label") == ("label_name", {"1": "pos", "0": "neg"})
    assert freetext.class_names({**columns, "label_name": ["pos", "neg", "neg"]}, "label") is None
    assert freetext.class_names({**columns, "label_name": ["pos", "pos", "pos"]}, "label") is None
    assert freetext.class_names({"label": ["a"], "label_name": ["b"]}, "label") is None
    assert freetext.class_names({"label": ["1"]}, "label") is None
