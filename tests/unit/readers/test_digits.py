"""The digits that need no file."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gnomon.core.config import DataConfig
from gnomon.core.errors import UsageError
from gnomon.core.events import silent
from gnomon.data.reading import Reading
from gnomon.readers import digits


@pytest.fixture
def reading(tmp_path):
    return Reading(cache_dir=tmp_path, emit=silent, should_stop=lambda: False)


def test_digits_are_the_library_s_stretched_to_255(reading):
    found = digits.read(Path("digits"), DataConfig(path="digits"), reading)
    split = found.splits["all"]
    expected = load_digits()
    assert split.inputs.shape == (1797, 8, 8, 1)
    assert np.array_equal(split.inputs[:, :, :, 0], np.rint(expected.images * 255 / 16))
    assert np.array_equal(split.targets, expected.target)
    assert found.spec.target.classes == tuple("0123456789")
    assert split.ids[1796] == "digits#1796"


def test_only_the_bare_name_is_claimed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert digits.sniff(Path("digits")).confidence == 1.0
    assert digits.sniff(tmp_path / "digits") is None
    (tmp_path / "digits").mkdir()
    assert digits.sniff(Path("digits")) is None


def test_there_is_no_other_target(reading):
    with pytest.raises(UsageError, match="there is no target 'odd'"):
        digits.read(Path("digits"), DataConfig(path="digits", target="odd"), reading)
