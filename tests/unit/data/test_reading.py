"""The surroundings of one reading."""

import dataclasses
from pathlib import Path

import pytest

from gnomon.core.events import silent
from gnomon.data.reading import Reading


def test_a_reading_cannot_be_changed():
    reading = Reading(cache_dir=Path("c"), emit=silent, should_stop=lambda: False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading.cache_dir = Path("d")
