import numpy as np
import pytest

from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder
from gnomon.outputs.panels import Panel, read_panels, write_panels


@pytest.fixture
def run(tmp_path):
    found = RunFolder(tmp_path / "run")
    found.path.mkdir()
    return found


@pytest.mark.parametrize("shape", [(5, 7, 1), (6, 4, 3)])
def test_pictures_come_back_as_they_were(run, shape):
    pictures = np.random.default_rng(0).integers(0, 256, (6, *shape)).astype(np.uint8)
    panel = Panel(pictures=pictures, columns=3, rows=("a", "b"), about=({"index": 1}, {"index": 2}))
    write_panels(run, {"samples": panel}, {"split": "test"})
    facts, panels = read_panels(run)
    assert facts["split"] == "test"
    assert np.array_equal(panels["samples"].pictures, pictures)
    assert (panels["samples"].columns, panels["samples"].rows) == (3, ("a", "b"))
    assert panels["samples"].about == ({"index": 1}, {"index": 2})


def test_a_run_without_panels_has_none(run):
    assert read_panels(run) == ({}, {})


@pytest.mark.parametrize(
    "spoil", ["{", "[]", '{"shape": [1, 1], "panels": {}}', '{"shape": [1, 1, 1], "panels": {"x": 1}}']
)
def test_facts_that_are_broken_are_refused(run, spoil):
    write_panels(run, {"x": Panel(pictures=np.zeros((1, 4, 4, 1), np.uint8), columns=1, rows=("",))}, {})
    run.portrait_facts.write_text(spoil)
    with pytest.raises(ArtefactError, match="is not complete"):
        read_panels(run)


def test_a_picture_that_is_no_picture_is_refused(run):
    write_panels(run, {"x": Panel(pictures=np.zeros((1, 4, 4, 1), np.uint8), columns=1, rows=("",))}, {})
    (run.portrait / "x.png").write_bytes(b"GIF89a")
    with pytest.raises(ArtefactError, match="is not complete"):
        read_panels(run)
