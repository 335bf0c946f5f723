"""What is written for people: no promise, no path of one machine, pages that exist."""

import ast
import re
import subprocess
from pathlib import Path

PROMISES = re.compile(r"coming soon|not implemented yet|\bTODO\b|\bFIXME\b|\bXXX\b", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|home)/[a-z]")


def tracked(root, *patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=root, capture_output=True, text=True, check=True)
    found = [root / name for name in listed.stdout.splitlines()]
    assert found
    return [path for path in found if path.is_file()]


def test_no_promise_and_no_path_of_one_machine(root):
    for path in tracked(root, "src/*.py", "*.md", "Makefile", ".ci/run", "benchmarks/*"):
        text = path.read_text(encoding="utf-8")
        for pattern in (PROMISES, MACHINE_PATHS):
            found = pattern.search(text)
            assert found is None, f"{path}: {found[0]}"


def test_every_link_between_pages_leads_somewhere(root):
    pages = tracked(root, "*.md")
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))]
    broken = [f"{page.name}: {link}" for page, link in links if "://" not in link and not (page.parent / link).exists()]
    assert links
    assert broken == []


def test_every_stop_of_the_tour_exists(root, modules):
    tour = (root / "docs" / "tour.md").read_text(encoding="utf-8")
    stops = re.findall(r"\[`([\w.]+)`\]\(\.\./src/gnomon/([^)]+)\)", tour)
    assert len(stops) > 20
    for name, file in stops:
        module, _, last = name.rpartition(".")
        assert module.replace(".", "/") + ".py" == file, name
        defined = {node.name for node in modules[Path(file)].body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert last in defined, name
    assert set(re.findall(r"\]\(\.\./src/[^)]+\)", tour)) == {f"](../src/gnomon/{file})" for _, file in stops}


def test_how_to_pages_fit_on_one_screen(root):
    pages = tracked(root, "docs/how-to/*.md")
    assert [page.name for page in pages if len(page.read_text(encoding="utf-8").splitlines()) > 60] == []


def test_every_decision_has_its_four_parts(root):
    for page in tracked(root, "docs/decisions/*.md"):
        headings = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        parts = [heading for heading in headings if heading != "Why"]
        assert parts == ["Context", "Choice", "Price", "How we would know that it was wrong"], page.name


def test_no_large_file_is_in_the_repository(root):
    assert [path.name for path in tracked(root) if path.stat().st_size > 1_000_000] == []
