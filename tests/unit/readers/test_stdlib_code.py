"""The standard library as a corpus."""

import sysconfig
from pathlib import Path

import pytest

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.core.events import silent
from gnomon.core.spec import Text
from gnomon.data.reading import Reading
from gnomon.readers import stdlib_code


@pytest.fixture
def stdlib(tmp_path, monkeypatch):
    """A small library in the place of the real one, with what belongs to the corpus and what does not."""
    root = tmp_path / "python3"
    kept = ["abc.py", "json/__init__.py", "json/decoder.py"]
    others = ["test/test_a.py", "json/tests/b.py", "site-packages/x.py", "config-3-linux/y.py", "_sysconfigdata_z.py"]
    for name in [*kept, *others, "json/data.txt", "__pycache__/abc.py"]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    (root / "empty.py").write_text("")
    monkeypatch.setattr(sysconfig, "get_path", {"stdlib": str(root)}.get)
    return root


def read(**config):
    reading = Reading(cache_dir=Path("c"), emit=silent, should_stop=lambda: False)
    return stdlib_code.read(Path("stdlib-code"), DataConfig(path="stdlib-code", **config), reading)


def test_modules_without_tests_and_packages_in_order(stdlib):
    found = read()
    assert found.splits["all"].ids[:] == ["abc.py", "json/__init__.py", "json/decoder.py"]
    assert found.splits["all"].inputs[0] == "# abc.py\n"
    assert found.spec.input == found.spec.target == Text()
    assert found.facts["num_files"] == 3
    assert read().fingerprint == found.fingerprint


def test_it_answers_to_its_name_where_no_file_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert stdlib_code.sniff(Path("stdlib-code")).confidence == 1.0
    assert stdlib_code.sniff(Path("stdlib")) is None
    Path("stdlib-code").mkdir()
    assert stdlib_code.sniff(Path("stdlib-code")) is None


def test_a_python_without_source_is_told(stdlib, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_path", {"stdlib": str(stdlib / "nothing")}.get)
    with pytest.raises(DataError, match="without the source"):
        read()


def test_there_is_no_target(stdlib):
    with pytest.raises(UsageError, match="no target 'x'"):
        read(target="x")
