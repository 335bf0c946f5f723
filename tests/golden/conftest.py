"""Golden files: a test compares with them; ``make golden`` rewrites them, and the difference is reviewed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file beside the test, or rewrite the file where ``GNOMON_GOLDEN=rewrite``."""

    def compare(name: str, text: str) -> None:
        path = Path(request.path).parent / name
        if os.environ.get("GNOMON_GOLDEN") == "rewrite":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{name} is missing: make golden"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs: make golden, then review git diff"

    return compare
