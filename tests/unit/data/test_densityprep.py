"""From data with or without classes to data of which the samples themselves are learned."""

from dataclasses import replace

import numpy as np
import pytest

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Dataset, Density, Image, Label, Normality, Spec, Split, Text
from gnomon.data.densityprep import DensityConfig, prepare

CLASSES = ("cat", "dog", "owl")


def part(pixels, targets):
    pixels = np.asarray(pixels, np.uint8)
    hashes = np.frombuffer(
        np.ascontiguousarray(pixels).tobytes().ljust(16 * len(pixels), b"\0")[: 16 * len(pixels)], "V16"
    )
    ids = np.array([f"{k}.png" for k in range(len(pixels))], dtype=object)
    return Split(inputs=pixels, targets=np.asarray(targets), ids=ids, hashes=hashes)


def noise(count, *, channels=1, seed=0, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (count, 4, 4, channels))


def dataset(*, pixels=noise, channels=1, classes=CLASSES, train=None, test=None):
    train = np.arange(12) % 3 if train is None else np.asarray(train)
    test = np.arange(6) % 3 if test is None else np.asarray(test)
    target = Label(classes=classes) if classes else Density()
    made = {
        name: part(pixels(len(targets), seed=seed, **({"channels": channels} if pixels is noise else {})), targets)
        for seed, (name, targets) in enumerate((("train", train), ("valid", train[:5]), ("test", test)))
    }
    image = Image(height_px=4, width_px=4, channels=channels)
    return Dataset(
        name="d", source="d", reader="digits", spec=Spec(input=image, target=target), splits=made, fingerprint="f"
    )


def drawings(count, seed=0):
    return np.where(noise(count, seed=seed) < 60, 255, np.random.default_rng(seed).integers(0, 8, (count, 4, 4, 1)))


def two_valued(count, seed=0):
    return 255 * (noise(count, seed=seed) < 60)


class TestGeneration:
    def test_classes_are_told_to_the_model_where_there_are_any(self):
        made, facts = prepare(dataset(), DensityConfig(), Density)
        assert made.spec.target == Density(classes=CLASSES, conditional=True)
        assert made.splits["test"].targets.tolist() == [0, 1, 2, 0, 1, 2]
        assert facts == {"kind": "density", "binarize": "off", "values": [], "conditional": True, "normal": []}

    def test_unless_it_is_not_wanted(self):
        made, _ = prepare(dataset(), DensityConfig(condition="off"), Density)
        assert made.spec.target == Density(classes=CLASSES)

    def test_without_classes_all_are_unknown(self):
        made, _ = prepare(dataset(classes=()), DensityConfig(), Density)
        assert made.spec.target == Density()
        assert set(made.splits["train"].targets.tolist()) == {-1}
        with pytest.raises(UsageError, match="no classes to tell"):
            prepare(dataset(classes=()), DensityConfig(condition="on"), Density)

    def test_grey_drawings_are_binarised_and_it_is_said(self):
        made, _ = prepare(dataset(pixels=drawings), DensityConfig(), Density)
        assert made.spec.target.binarize == "dynamic"
        assert made.spec.target.levels == 2
        (guess,) = made.guesses
        assert "100% of them are nearly black or white" in guess.why
        assert guess.flag == "--set density.binarize=off"

    def test_two_valued_pictures_are_what_they_are(self):
        made, _ = prepare(dataset(pixels=two_valued), DensityConfig(), Density)
        assert made.spec.target.binarize == "threshold"
        assert not made.guesses

    def test_few_grey_values_are_kept(self):
        made, facts = prepare(
            dataset(pixels=lambda count, seed=0: noise(count, seed=seed, high=5) * 16), DensityConfig(), Density
        )
        assert made.spec.target.values == (0, 16, 32, 48, 64)
        assert made.spec.target.levels == 5
        assert facts["values"] == [0, 16, 32, 48, 64]

    def test_photos_stay_as_they_are(self):
        assert prepare(dataset(channels=3), DensityConfig(), Density)[0].spec.target.levels == 256

    def test_colours_cannot_be_binarised(self):
        with pytest.raises(UsageError, match="colour pictures"):
            prepare(dataset(channels=3), DensityConfig(binarize="dynamic"), Density)

    def test_what_was_decided_once_stays(self):
        _, facts = prepare(dataset(pixels=drawings), DensityConfig(), Density)
        made, again = prepare(dataset(), DensityConfig(), Density, known=facts)
        assert made.spec.target.binarize == "dynamic"
        assert again == facts


class TestNormality:
    def test_named_classes_are_kept_out_of_all_but_the_test(self):
        made, facts = prepare(dataset(), DensityConfig(anomalous=("owl",)), Normality)
        assert made.spec.target == Normality(classes=CLASSES, normal=("cat", "dog"))
        assert facts["normal"] == ["cat", "dog"]
        assert sorted(set(made.splits["train"].targets.tolist())) == [0, 1]
        assert len(made.splits["train"]) == 8
        assert sorted(set(made.splits["valid"].targets.tolist())) == [0, 1]
        assert sorted(set(made.splits["test"].targets.tolist())) == [0, 1, 2]
        assert len(made.splits["train"].ids[np.arange(8)]) == 8

    def test_classes_that_training_never_saw_are_anomalies(self):
        made, _ = prepare(dataset(train=[0] * 12), DensityConfig(), Normality)
        assert made.spec.target.normal == ("cat",)

    def test_without_classes_nothing_is_known_to_be_an_anomaly(self):
        made, _ = prepare(dataset(classes=()), DensityConfig(), Normality)
        assert made.spec.target == Normality()

    def test_unknown_classes_are_answered_with_the_list(self):
        with pytest.raises(UsageError, match="'wolf', which is no class") as caught:
            prepare(dataset(), DensityConfig(anomalous=("wolf",)), Normality)
        assert "cat, dog, owl" in caught.value.fix

    def test_something_must_be_normal(self):
        with pytest.raises(DataError, match="no class is left"):
            prepare(dataset(), DensityConfig(anomalous=CLASSES), Normality)


def test_one_picture_is_too_few():
    with pytest.raises(DataError, match="1 picture is too few"):
        prepare(dataset(train=[0]), DensityConfig(), Density)


def test_a_constant_data_set_is_refused():
    constant = dataset(pixels=lambda count, seed=0: np.full((count, 4, 4, 1), 7))
    with pytest.raises(DataError, match="all 12 training pictures are the same"):
        prepare(constant, DensityConfig(), Density)


def test_other_data_has_no_density_yet():
    texts = replace(dataset(), spec=Spec(input=Text(), target=Label(classes=CLASSES)))
    with pytest.raises(UsageError, match="density of Text data is not learned"):
        prepare(texts, DensityConfig(), Density)
