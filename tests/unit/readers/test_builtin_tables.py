"""The tables that scikit-learn ships."""

from pathlib import Path

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.events import silent
from gnomon.core.spec import Label, Number
from gnomon.data.reading import Reading
from gnomon.readers import builtin_tables


@pytest.mark.parametrize(
    ("name", "rows", "columns", "target"),
    [
        ("breast-cancer", 569, 30, Label(classes=("benign", "malignant"))),
        ("wine", 178, 13, Label(classes=("class_0", "class_1", "class_2"))),
        ("diabetes", 442, 10, Number(name="progression")),
    ],
)
def test_the_tables(tmp_path, name, rows, columns, target):
    path = Path(name)
    assert builtin_tables.sniff(path).confidence == 1.0
    reading = Reading(cache_dir=tmp_path, emit=silent, should_stop=lambda: False)
    found = builtin_tables.read(path, DataConfig(path=name), reading)
    assert (len(found.splits["all"]), len(found.spec.input.columns)) == (rows, columns)
    assert found.spec.target == target
    assert (found.source, found.splits["all"].ids[0]) == (name, f"{name}#1")


def test_a_file_of_that_name_goes_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("wine").touch()
    assert builtin_tables.sniff(Path("wine")) is None
    assert builtin_tables.sniff(Path("beer")) is None
