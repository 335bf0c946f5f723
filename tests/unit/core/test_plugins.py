"""core/plugins.py: the folder is the registry."""

import importlib.metadata
import importlib.util
import sys
import types
from pathlib import Path

import pytest

from gnomon.core import plugins
from gnomon.core.errors import UsageError


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """A plug-in folder of the test's own, under the kind ``family``."""
    package = tmp_path / "shelf_of_a_test"
    package.mkdir()
    for name in ("__init__", "cnn", "mlp", "_hidden"):
        (package / f"{name}.py").write_text(f"NAME = {name!r}\n")
    (package / "broken.py").write_text("raise RuntimeError('imported without need')\n")
    (package / "notes.txt").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(plugins.GROUPS, "family", package.name)
    yield package
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def install(monkeypatch, shelf: Path, **modules: object) -> None:
    """Pretend that other packages are installed that bring plug-ins."""

    class Entry:
        def __init__(self, name: str, thing: object) -> None:
            self.name, self._thing = name, thing

        def load(self) -> object:
            return self._thing

    def entry_points(*, group: str) -> list[Entry]:
        return [Entry(name, thing) for name, thing in modules.items()] if group == shelf.name else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


def test_names_are_the_files_and_nothing_is_imported(shelf):
    assert plugins.names("family") == ("broken", "cnn", "mlp")
    assert not [name for name in sys.modules if name.startswith(f"{shelf.name}.")]


def test_one_is_imported_by_its_name(shelf):
    assert plugins.load("family", "mlp").NAME == "mlp"
    assert f"{shelf.name}.cnn" not in sys.modules


def test_a_new_file_is_a_new_plug_in(shelf):
    (shelf / "gru.py").write_text("NAME = 'gru'\n")
    importlib.invalidate_caches()
    assert "gru" in plugins.names("family")
    assert plugins.load("family", "gru").NAME == "gru"


@pytest.mark.parametrize("name", ["cn", "_hidden", "__init__", "../cnn", "", "notes"])
def test_an_unknown_name_is_answered_with_the_list(shelf, name):
    with pytest.raises(UsageError) as caught:
        plugins.load("family", name)
    assert caught.value.what == f"there is no family called {name!r}"
    assert caught.value.fix.endswith("there are: broken, cnn, mlp")


def test_the_nearest_name_is_told(shelf):
    with pytest.raises(UsageError) as caught:
        plugins.load("family", "mpl")
    assert caught.value.fix == "did you mean 'mlp'? there are: broken, cnn, mlp"


def test_installed_packages_bring_plug_ins(shelf, monkeypatch):
    other = types.ModuleType("other")
    install(monkeypatch, shelf, other=other)
    assert plugins.names("family") == ("broken", "cnn", "mlp", "other")
    assert plugins.load("family", "other") is other


def test_what_gnomon_brings_itself_wins(shelf, monkeypatch):
    install(monkeypatch, shelf, mlp=types.ModuleType("impostor"))
    assert plugins.names("family") == ("broken", "cnn", "mlp")
    assert plugins.load("family", "mlp").NAME == "mlp"


def test_an_installed_thing_that_is_no_module(shelf, monkeypatch):
    install(monkeypatch, shelf, other=lambda: None)
    with pytest.raises(UsageError, match="the installed family 'other' is not a module"):
        plugins.load("family", "other")


@pytest.mark.parametrize("kind", sorted(plugins.GROUPS))
def test_the_real_folders_are_found(kind):
    found = plugins.names(kind)
    folder = Path(importlib.util.find_spec(plugins.GROUPS[kind]).submodule_search_locations[0])
    assert set(found) >= {path.stem for path in folder.glob("*.py")} - {"__init__"}
