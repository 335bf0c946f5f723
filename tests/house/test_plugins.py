"""A plug-in folder holds plug-ins and nothing else, and no list anywhere is shorter than its folder."""

import importlib
import re

import pytest

from gnomon.core import plugins

EXPOSES = {
    "family": {"Config", "ACCEPTS", "build", "size_for"},
    "reader": {"Config", "sniff", "read"},
    "task": {"Config", "Task"},
    "recipe": {"recipe"},
}
FOLDERS = {"family": "families", "reader": "readers", "task": "tasks", "recipe": "recipes"}


def files(root, kind):
    folder = root / "src" / "gnomon" / FOLDERS[kind]
    return [path for path in folder.iterdir() if path.name not in {"__init__.py", "__pycache__"}]


def test_these_are_all_kinds():
    assert set(EXPOSES) == set(plugins.GROUPS)


@pytest.mark.parametrize("kind", ["family", "reader", "task"])
def test_there_are_plugins_of_this_kind(kind):
    assert plugins.names(kind)


@pytest.mark.parametrize("kind", sorted(EXPOSES))
def test_a_plugin_folder_holds_only_plugins(root, kind):
    for path in files(root, kind):
        assert path.suffix == ".py", path
        module = importlib.import_module(f"gnomon.{FOLDERS[kind]}.{path.stem}")
        assert EXPOSES[kind] <= set(vars(module)), path


@pytest.mark.parametrize("kind", sorted(EXPOSES))
def test_no_plugin_is_missing_from_the_list(root, kind):
    assert {path.stem for path in files(root, kind)} <= set(plugins.names(kind))


@pytest.mark.parametrize("kind", ["family", "reader", "task"])
def test_one_contract_suite_covers_all_plugins_of_a_kind(root, kind):
    suite = (root / "tests" / "contract" / f"test_{FOLDERS[kind]}.py").read_text(encoding="utf-8")
    assert re.search(rf"plugins\.names\(['\"]{kind}['\"]\)", suite), "the suite must take its list from the folder"


@pytest.mark.parametrize("kind", ["family", "task"])
def test_the_readme_names_every_plugin(root, kind):
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert [name for name in plugins.names(kind) if f"`{name}`" not in readme] == []


def test_the_readme_names_every_verb(root):
    verbs = {path.stem for path in (root / "src" / "gnomon" / "cli").glob("*.py")} - {"__init__"}
    readme = (root / "README.md").read_text(encoding="utf-8")
    fences = re.findall(r"```.*?```", readme, re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", readme, flags=re.DOTALL))
    told = {word for code in [*fences, *spans] for word in code.split()}
    assert verbs - told == set()


def test_make_has_its_targets_and_no_other(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert targets == {"setup", "demo", "check", "test", "test-all", "golden", "docs"}
    assert targets == set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
