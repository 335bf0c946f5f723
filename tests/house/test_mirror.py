def test_every_module_has_its_test(modules, root):
    free = {"__init__.py", "__main__.py"}
    expected = [path for path in modules if path.name not in free]
    missing = [
        str(path) for path in expected if not (root / "tests" / "unit" / path.parent / f"test_{path.name}").is_file()
    ]
    assert missing == []


def test_every_unit_test_has_its_module(modules, root):
    unit = root / "tests" / "unit"
    tests = [path.relative_to(unit) for path in unit.rglob("test_*.py")]
    assert len(tests) > 30
    named = {path.parent / f"test_{path.name}" for path in modules}
    assert [str(path) for path in tests if path not in named] == []
