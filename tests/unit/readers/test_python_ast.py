"""Functions of the standard library with a hidden operator."""

from pathlib import Path

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import python_ast

BARE = Path("python-ast")
SOURCE = """
def f(a, b):
    'Adds.'
    return a + b if a is not None else b

def f_again(a, b):
    'Adds.'
    return a + b if a is not None else b
"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    root = tmp_path / "lib"
    for name in ("one.py", "two.py", "package/three.py", "test/four.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(SOURCE if name != "two.py" else "def g(x):\n    return x < 3\n")
    (root / "broken.py").write_text("def f(:\n")
    monkeypatch.setattr("gnomon.readers.python_ast.sysconfig.get_path", {"stdlib": str(root)}.get)
    monkeypatch.chdir(tmp_path)
    return root


@pytest.fixture
def read(tmp_path):
    def run(layers=(), **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return python_ast.read(BARE, DataConfig(path="python-ast", **({"max_bad": 0.5} | config)), reading)

    return run


def test_each_function_is_there_once_however_often_it_is_written(library, read):
    found = read()
    ids = [name for part in found.splits.values() for name in part.ids[:]]
    assert len(ids) == 3
    assert found.spec.target.classes == ("Add", "IsNot", "Lt")
    told = {
        found.spec.target.classes[k]: tree
        for part in found.splits.values()
        for k, tree in zip(part.targets.tolist(), part.inputs[:], strict=True)
    }
    assert "Add" not in told["Add"].symbols
    assert "IsNot" in told["Add"].symbols
    assert "str" not in told["Add"].symbols
    assert set(found.splits) <= {"train", "valid", "test"}
    assert found.skipped[0].id == "broken.py"


def test_settings(library, read):
    assert sum(map(len, read([("user", {"reader.places": 1})]).splits.values())) == 2
    with pytest.raises(DataError, match="holds no tree"):
        read([("user", {"reader.nodes": 3})], max_bad=1.0)
    with pytest.raises(UsageError, match=r"reader\.places"):
        read([("user", {"reader.places": 0})])


def test_the_name_is_claimed_where_nothing_else_has_it(library):
    assert python_ast.sniff(BARE).confidence == 1.0
    Path("python-ast").mkdir()
    assert python_ast.sniff(BARE) is None


def test_a_python_without_source(library, read, monkeypatch, tmp_path):
    monkeypatch.setattr("gnomon.readers.python_ast.sysconfig.get_path", {"stdlib": str(tmp_path / "no")}.get)
    with pytest.raises(DataError, match="without the source of its library"):
        read()
