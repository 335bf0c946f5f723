import fake_generative as fake
import numpy as np
import pytest
from PIL import Image as PillowImage

from gnomon.core.errors import DataError, StoppedError, UsageError
from gnomon.core.spec import Density, Label, Spec
from gnomon.outputs import drawing

CLASSES = {"classes": ("cat", "dog", "fox"), "conditional": True}


def shades(pictures):
    return pictures[:, 0, 0, 0].tolist()


def test_the_same_seed_draws_the_same_and_the_first_ones_whatever_the_count():
    model = fake.model()
    few, many = drawing.samples(model, count=3, seed=1), drawing.samples(model, count=100, seed=1)
    assert few.pictures.shape == (3, 4, 4, 1)
    assert np.array_equal(few.pictures, many.pictures[:3])
    assert len(set(shades(many.pictures))) > 30
    assert shades(drawing.samples(model, count=3, seed=2).pictures) != shades(few.pictures)
    assert many.names[99] == "sample-0099"


def test_a_temperature_of_0_draws_the_most_typical_only():
    assert shades(drawing.samples(fake.model(), count=4, temperature=0.0).pictures) == [128] * 4


def test_each_class_comes_in_turn_or_the_one_that_was_asked_for():
    model = fake.model(**CLASSES)
    drawn = drawing.samples(model, count=5)
    assert shades(drawn.pictures) == [0, 10, 20, 0, 10]
    assert drawn.names[:2] == ("sample-0000-cat", "sample-0001-dog")
    assert shades(drawing.samples(model, count=2, label="fox").pictures) == [20, 20]


def test_a_model_that_was_not_told_the_class_draws_without_one():
    drawing.samples(model := fake.model(classes=("cat", "dog")), count=2)
    assert set(model.network.asked[0].tolist()) == {-1}


def test_unknown_classes_are_answered_with_the_near_one():
    with pytest.raises(UsageError, match="there is no class 'dgo'") as error:
        drawing.samples(fake.model(**CLASSES), count=2, label="dgo")
    assert error.value.fix == "did you mean 'dog'? there are: cat, dog, fox"
    with pytest.raises(UsageError, match="this model knows no classes"):
        drawing.samples(fake.model(), count=2, label="cat")


@pytest.mark.parametrize("count", [0, -1, drawing.MOST + 1])
def test_a_number_of_pictures_that_cannot_be_is_refused(count):
    with pytest.raises(UsageError, match="cannot be drawn"):
        drawing.samples(fake.model(), count=count)


def test_a_classifier_draws_nothing_and_says_what_does():
    spec = Spec(input=fake.IMAGE, target=Label(classes=("a", "b")))
    with pytest.raises(UsageError, match="it gives a Label for a Image") as error:
        drawing.require_generative(spec)
    assert "--task generate" in error.value.fix
    drawing.require_generative(Spec(input=fake.IMAGE, target=Density()))


def test_drawing_stops_when_asked():
    with pytest.raises(StoppedError, match="while drawing"):
        drawing.samples(fake.model(), count=2, should_stop=lambda: True)


def picture(path, shade):
    PillowImage.fromarray(np.full((4, 4), shade, np.uint8)).save(path)
    return str(path)


def test_pictures_are_rebuilt_under_their_originals(tmp_path):
    model = fake.model(**CLASSES)
    paths = [picture(tmp_path / "b.png", 30), picture(tmp_path / "a b.png", 60)]
    drawn = drawing.alike(model, paths, label="dog")
    assert shades(drawn.pictures) == shades(drawn.above) == [30, 60]
    assert drawn.names == ("0000-b", "0001-a_b")
    assert model.network.asked[0].tolist() == [1, 1]
    assert shades(drawing.alike(model, [str(tmp_path)]).pictures) == [60, 30]


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataError) as error:
        drawing.alike(fake.model(), [str(tmp_path / "x.png")])
    assert error.value.path.endswith("x.png")


def test_the_way_from_one_picture_to_another_begins_and_ends_with_them(tmp_path):
    ends = picture(tmp_path / "a.png", 28), picture(tmp_path / "b.png", 228)
    drawn = drawing.between(fake.model(), *ends, count=5)
    assert shades(drawn.pictures) == [28, 78, 128, 178, 228]  # opposite directions: the straight line
    assert drawn.names[-1] == "step-0004"
    with pytest.raises(UsageError, match="no way of 1 pictures"):
        drawing.between(fake.model(), *ends, count=1)
    with pytest.raises(UsageError, match="from one picture to one other"):
        drawing.between(fake.model(), str(tmp_path), ends[0], count=3)


def test_a_turn_keeps_the_length_on_the_way():
    found = drawing.turned(np.array([2.0, 0.0]), np.array([0.0, 2.0]), [0.0, 0.5, 1.0])
    np.testing.assert_allclose(found, [[2, 0], [2**0.5, 2**0.5], [0, 2]], atol=1e-6)
    lengths = np.linalg.norm(drawing.turned(np.array([1.0, 0.0]), np.array([0.0, 3.0]), [0.0, 0.5, 1.0]), axis=1)
    np.testing.assert_allclose(lengths, [1, 2, 3], atol=1e-6)


def test_from_nothing_the_way_is_straight():
    assert drawing.turned(np.zeros(2), np.array([0.0, 4.0]), [0.0, 0.25, 1.0]).tolist() == [[0, 0], [0, 1], [0, 4]]
