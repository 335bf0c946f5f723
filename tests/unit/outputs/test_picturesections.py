import numpy as np
import pytest
from fake_run import FakeRun

from gnomon.outputs.picturesections import glance, worst
from gnomon.outputs.record import read_record


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return FakeRun(tmp_path_factory.mktemp("run"))


def test_the_grid_has_eight_pictures_of_each_class(fake):
    found = glance(read_record(fake.run), fake.examples)
    assert [len(row["places"]) for row in found["rows"]] == [8] * 10
    assert (found["sheet"].width_px, found["scale"]) == (8, 8)


def test_the_worst_mistakes_have_their_pictures(fake):
    asked = []

    def samples(split, indices):
        asked.append((split, list(indices)))
        return fake.pictures(split, indices)

    from dataclasses import replace

    found = worst(read_record(fake.run), replace(fake.examples, samples=samples))
    assert asked == [("test", [row["index"] for row in found["rows"]])]
    assert all(row["place"] is not None for row in found["rows"])
    assert found["absent"] == ""


def test_without_the_data_the_mistakes_stay(fake):
    found = worst(read_record(fake.run), None)
    assert len(found["rows"]) == 34
    assert found["absent"]
    assert not np.any([row["place"] for row in found["rows"]])
