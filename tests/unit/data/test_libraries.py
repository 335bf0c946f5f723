"""The sources of a library."""

from gnomon.data import libraries


def test_modules_without_tests_and_packages(tmp_path):
    for name in (
        "b.py",
        "a/c.py",
        "a/test/t.py",
        "site-packages/x.py",
        "a/notes.txt",
        "_sysconfigdata_linux.py",
        "config-3/x.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [file.id for file in libraries.python_sources(tmp_path)] == ["b.py", "a/c.py"]
