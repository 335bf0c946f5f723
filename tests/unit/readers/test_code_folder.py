"""Folders of Python files."""

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError
from gnomon.core.events import silent
from gnomon.core.spec import Label
from gnomon.data.reading import Reading
from gnomon.readers import code_folder


@pytest.fixture
def read(tmp_path):
    def run(path, layers=(), **config):
        reading = Reading(cache_dir=tmp_path / "cache", emit=silent, should_stop=lambda: False, layers=layers)
        return code_folder.read(path, DataConfig(path=str(path), **config), reading)

    return run


@pytest.fixture
def code(tmp_path):
    root = tmp_path / "code"
    sources = {"sort/a.py": "'Sorts.'\nx = 1\n", "sort/b.py": "x = 2\n", "find/c.py": "for i in x: pass\n"}
    for name, source in sources.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source)
    return root


def test_a_class_is_a_folder(code, read):
    assert code_folder.sniff(code).why == "it holds folders with Python files (find, sort)"
    found = read(code)
    assert found.spec.target == Label(classes=("find", "sort"))
    part = found.splits["all"]
    assert list(part.ids[:]) == ["find/c.py", "sort/a.py", "sort/b.py"]
    assert part.targets.tolist() == [0, 1, 1]
    assert part.inputs[2].symbols == ("x", "Name", "2", "Assign", "Module")
    assert "str" in part.inputs[1].symbols
    assert found.facts["form"] == "code"


def test_docstrings_can_be_left_out(code, read):
    found = read(code, [("user", {"reader.docstrings": False})])
    assert "str" not in found.splits["all"].inputs[1].symbols


def test_what_is_no_python_is_named_and_nothing_is_run(code, read):
    (code / "sort" / "bad.py").write_text("x = 1\ndef f(:\n")
    (code / "sort" / "deep.py").write_text("x=" + "-" * 100_000 + "1")
    (code / "find" / "evil.py").write_text("raise SystemExit('ran')\n")
    found = read(code, max_bad=0.5)
    assert [(one.id, one.reason) for one in found.skipped] == [
        ("sort/bad.py:2:7", "is no Python: invalid syntax"),
        ("sort/deep.py", "is nested too deeply for Python's parser"),
    ]
    assert "find/evil.py" in found.splits["all"].ids[:]
    with pytest.raises(DataError, match="2 of 6 trees"):
        read(code)


def test_what_is_not_claimed(tmp_path, read):
    (tmp_path / "flat.py").write_text("x = 1\n")
    assert code_folder.sniff(tmp_path) is None
    assert code_folder.sniff(tmp_path / "flat.py") is None
    with pytest.raises(DataError, match="lie in fewer than two class folders"):
        read(tmp_path)
