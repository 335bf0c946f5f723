import fake_generative as fake
import numpy as np
import pytest
import torch

from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder
from gnomon.core.spec import Density
from gnomon.outputs import portrait
from gnomon.outputs.panels import STEPS, read_panels

TWO = Density(classes=("dark", "light"), conditional=True)
STRANGE = {"strangest": [{"index": 3, "id": "3.png", "score": 9.5, "p_value": 0.01}, {"index": 99, "id": "gone"}]}


@pytest.fixture
def drawn(tmp_path):
    def draw(target=None, details=STRANGE, num=40):
        run = RunFolder(tmp_path / "run")
        run.path.mkdir(exist_ok=True)
        model = fake.model(target=target)
        portrait.write(model, fake.dataset(num, target=target), run, details=details, seed=0)
        return read_panels(run)

    return draw


def test_all_panels_are_kept_and_read_back_pixel_by_pixel(drawn):
    facts, panels = drawn()
    assert set(panels) == {"samples", "rebuilt", "ways", "traversals", "strangest"}
    assert facts["split"] == "test"
    assert panels["samples"].pictures.shape == (64, 4, 4, 1)
    rebuilt = panels["rebuilt"].pictures.reshape(-1, 2, panels["rebuilt"].columns, 4, 4, 1)
    assert np.array_equal(rebuilt[:, 0], rebuilt[:, 1])  # this network rebuilds all that it sees
    assert len(np.unique(rebuilt)) > 50


def test_classes_have_a_row_each(drawn):
    _, panels = drawn(TWO)
    assert panels["samples"].rows == ("dark", "light")
    assert panels["samples"].pictures.shape[0] == 16
    assert np.unique(panels["samples"].pictures[:8]).tolist() == [0]
    assert np.unique(panels["samples"].pictures[8:]).tolist() == [10]


def test_ways_go_from_sample_to_sample_of_a_class_that_the_model_is_told(drawn):
    _, panels = drawn(TWO)
    rows = panels["ways"].pictures.reshape(-1, panels["ways"].columns, 4, 4, 1)
    data = fake.dataset(40, target=TWO).splits["test"].inputs
    assert len(rows) == 2
    assert np.array_equal(rows[:, [0, -1]], data[[[0, 38], [1, 39]]])


def test_ways_go_from_class_to_class_where_the_model_is_told_none(drawn):
    _, panels = drawn(Density(classes=("dark", "light")))
    rows = panels["ways"].pictures.reshape(-1, panels["ways"].columns, 4, 4, 1)
    data = fake.dataset(40).splits["test"].inputs
    assert len(rows) == 5
    assert np.array_equal(rows[:, 0], data[:5]) and np.array_equal(rows[:, -1], data[5:10])


def test_traversals_turn_one_latent_at_a_time(drawn):
    _, panels = drawn()
    panel = panels["traversals"]
    assert panel.columns == len(STEPS)
    assert len(panel.rows) == fake.TOP
    dimension = panel.about[0]["dimension"]
    row = panel.pictures[: len(STEPS)].reshape(len(STEPS), 16)
    assert row[:, dimension].tolist() == [8, 38, 68, 98, 128, 158, 188, 218, 248]
    assert (np.delete(row, dimension, axis=1) == 128).all()
    variances = [one["variance"] for one in panel.about]
    assert variances == sorted(variances, reverse=True)


def test_what_is_looked_at_are_the_topmost_latents_that_are_active(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    data = fake.dataset()
    data.splits["test"].inputs.reshape(40, 16)[:, : fake.TOP] = 128
    portrait.write(fake.model(), data, run, details={}, seed=0)
    facts, panels = read_panels(run)
    assert (facts["map"]["group"], facts["map"]["dims"]) == ("rest", 16 - fake.TOP)
    assert [group["active"] for group in facts["groups"]] == [0, 10]
    turned = panels["traversals"].pictures.reshape(-1, 16)
    assert (turned[:, : fake.TOP] == 128).all() and turned[:, fake.TOP :].std() > 0


def test_the_strangest_stand_beside_what_became_of_them_and_unknown_ones_are_left_out(drawn):
    _, panels = drawn()
    assert panels["strangest"].pictures.shape[0] == 2
    assert panels["strangest"].about == ({"index": 3, "id": "3.png", "score": 9.5, "p_value": 0.01},)
    _, panels = drawn(details={})
    assert "strangest" not in panels


def test_where_a_strange_picture_stands_out_is_shown_beside_it(tmp_path, monkeypatch):
    strength = torch.zeros(1, 4, 4)
    strength[0, 1, 2] = 3.0

    def panels(found):
        monkeypatch.setattr(fake.Mirror, "places", lambda self, inputs: found)
        run = RunFolder(tmp_path / f"run-{found.sum()}")
        run.path.mkdir()
        portrait.write(fake.model(), fake.dataset(40), run, details=STRANGE, seed=0)
        return read_panels(run)[1]["strangest"]

    panel = panels(strength)
    assert panel.columns == 3
    own, _, places = panel.pictures[..., 0].astype(int)
    assert places[1, 2] == 255
    others = np.ones((4, 4), dtype=bool)
    others[1, 2] = False
    assert (abs(places[others] - 0.6 * own[others]) < 1).all()
    assert panels(strength / 4).columns == 2  # nothing does


def test_the_map_parts_the_two_kinds(drawn):
    facts, _ = drawn(TWO)
    points, labels = np.array(facts["map"]["points"]), np.array(facts["map"]["labels"])
    assert facts["map"]["classes"] == ["dark", "light"]
    assert points.shape == (40, 2)
    dark, light = points[labels == 0, 0], points[labels == 1, 0]
    assert dark.max() < light.min() or light.max() < dark.min()


def test_one_picture_is_enough(drawn):
    facts, panels = drawn(num=1, details={})
    assert set(panels) == {"samples", "rebuilt"}
    assert facts["map"]["points"] == [[0.0, 0.0]]


def test_a_run_without_a_portrait_has_none_and_half_a_one_is_refused(drawn, tmp_path):
    assert read_panels(RunFolder(tmp_path)) == ({}, {})
    drawn()
    run = RunFolder(tmp_path / "run")
    (run.portrait / "ways.png").unlink()
    with pytest.raises(ArtefactError, match="is not complete"):
        read_panels(run)
