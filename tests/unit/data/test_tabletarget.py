"""Which column is foreseen, and as what."""

import pyarrow as pa
import pytest

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Density, Label, Number, TableColumn
from gnomon.data import tabletarget


def columns(**types):
    return [TableColumn(name=name, type=kind) for name, kind in types.items()]


def encode(*parts, kind="auto", path):
    return tabletarget.encode("y", [pa.array(part) for part in parts], kind, path)


def test_a_named_target_is_taken_and_an_unknown_one_answered(tmp_path):
    given = columns(x="number", price="number")
    assert tabletarget.choose(given, [9, 9], "x", tmp_path) == ("x", ())
    with pytest.raises(UsageError) as error:
        tabletarget.choose(given, [9, 9], "prize", tmp_path)
    assert "did you mean 'price'?" in str(error.value)


def test_it_is_guessed_by_its_name_or_as_the_last_column_of_few_classes(tmp_path):
    name, (guess,) = tabletarget.choose(columns(Target="number", x="number"), [9, 9], "auto", tmp_path)
    assert (name, guess.why, guess.flag) == ("Target", "by its name", "--target x")
    name, (guess,) = tabletarget.choose(columns(x="number", mood="category"), [9, 3], "auto", tmp_path)
    assert (name, guess.why) == ("mood", "it is the last column and has 3 different values")


def test_what_is_not_obvious_is_asked_for_with_the_columns(tmp_path):
    with pytest.raises(DataError, match=r"columns: x, z") as error:
        tabletarget.choose(columns(x="number", z="number"), [9, 9], "auto", tmp_path)
    assert error.value.fix == "name it, such as --target z"


def test_numbers_are_a_quantity_and_missing_ones_are_told(tmp_path):
    (found,) = encode(["1.5", "2", "NA", "4"], path=tmp_path)
    assert found.leaf == Number(name="y")
    assert found.there.tolist() == [True, True, False, True]
    assert found.values[found.there].tolist() == [1.5, 2, 4]


def test_few_whole_numbers_are_classes_unless_regress_is_asked_for(tmp_path):
    cells = ["10", "2", "2", "10", "10"]
    (found,) = encode(cells, path=tmp_path)
    assert found.leaf == Label(classes=("2", "10"))
    assert found.values.tolist() == [1, 0, 0, 1, 1]
    assert found.guesses[0].flag == "--task regress"
    assert encode(cells, kind="number", path=tmp_path)[0].leaf == Number(name="y")


def test_classify_makes_classes_of_any_numbers(tmp_path):
    (found,) = encode([3.0, 1.0, 3.0, None], kind="label", path=tmp_path)
    assert found.leaf == Label(classes=("1", "3"))
    assert found.there.tolist() == [True, True, True, False]


def test_all_parts_share_their_classes(tmp_path):
    train, test = encode(["a", "b"] * 6, ["c", " a"], path=tmp_path)
    assert train.leaf == test.leaf == Label(classes=("a", "b", "c"))
    assert test.values.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("cells", "kind", "what"),
    [
        (["a", "a", None], "auto", "has one value only, 'a'"),
        (["1.5", "1.5"], "auto", "has one value only, '1.5'"),
        ([f"n{k}" for k in range(40)], "auto", "40 different values in 40 rows"),
        ([None, "NA"], "auto", "is empty"),
        (["2020-01-01", "2020-01-02"], "auto", "holds dates"),
        (["a", "b", "a"], "number", "holds no numbers"),
    ],
)
def test_what_cannot_be_foreseen_is_refused(tmp_path, cells, kind, what):
    with pytest.raises(DataError, match=what):
        encode(cells, kind=kind, path=tmp_path)


def class_column(given, distinct, missing=(0, 0), wanted="auto", path="t.csv"):
    return tabletarget.class_column(given, distinct, missing, wanted, path)


def test_the_class_of_rows_is_guessed_only_where_it_is_obvious_and_complete(tmp_path):
    given = columns(age="number", income="category")
    name, (guess,) = class_column(given, [60, 2])
    assert (name, guess.flag) == ("income", "--target off")
    assert "taken for the class of a row" in guess.what
    assert class_column(given, [60, 2], missing=(0, 5)) == ("", ())
    assert class_column(given, [60, 500]) == ("", ())
    assert class_column(columns(age="number", size="number"), [60, 70]) == ("", ())


def test_a_named_class_is_taken_off_is_none_and_an_unknown_one_is_answered(tmp_path):
    given = columns(age="number", income="category")
    assert class_column(given, [60, 2], wanted="age") == ("age", ())
    assert class_column(given, [60, 2], wanted="off") == ("", ())
    with pytest.raises(UsageError, match="incme"):
        class_column(given, [60, 2], wanted="incme", path=tmp_path)


def test_rows_without_a_class_are_all_there():
    found = tabletarget.unlabelled(3)
    assert found.values.tolist() == [-1, -1, -1]
    assert found.there.all()
    assert isinstance(found.leaf, Density)
