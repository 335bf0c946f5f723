import json

import numpy as np
import pytest
import raw_data

from gnomon.core.errors import DataError
from gnomon.core.spec import Dataset, Image, Label, Skipped, Spec, Split
from gnomon.data.audit import audit


def part(targets, contents=None, prefix=""):
    n = len(targets)
    words = np.zeros((n, 2), np.uint64)
    words[:, 1] = np.arange(n) + 1000 * (1 + len(prefix)) if contents is None else contents
    return Split(
        inputs=np.zeros((n, 1, 1, 1), np.uint8),
        targets=np.asarray(targets, dtype=np.int64),
        ids=np.array([f"{prefix}{i}.png" for i in range(n)], dtype=object),
        hashes=words.view("V16").ravel(),
    )


def dataset(classes=("cat", "dog"), *, skipped=(), facts=None, **splits):
    return Dataset(
        name="pets",
        source="pets",
        reader="image_folder",
        spec=Spec(input=Image(height_px=1, width_px=1, channels=1), target=Label(classes=classes)),
        splits=splits,
        fingerprint="f0",
        skipped=tuple(skipped),
        facts=facts or {},
    )


def texts(found, level=None):
    return [finding.text for finding in found.findings if level in (None, finding.level)]


def test_clean_data_have_counts_and_no_findings():
    found = audit(dataset(train=part([0, 1] * 50), test=part([0, 1] * 50, prefix="t")))
    assert found.counts == {"train": (50, 50), "test": (50, 50)}
    assert found.findings == ()
    assert found.duplicates == {}
    found.require_learnable()


def test_unreadable_samples_are_counted_by_reason():
    skipped = [Skipped(id=f"bad{i}.jpg", reason="truncated" if i else "empty file") for i in range(3)]
    found = audit(dataset(all=part([0, 1] * 50), skipped=skipped))
    (finding,) = found.findings
    assert finding.level == "warning"
    assert finding.text == "3 of 103 samples could not be used: truncated (2, as bad1.jpg), empty file (bad0.jpg)"
    assert finding.ids == ("bad0.jpg", "bad1.jpg", "bad2.jpg")


def test_copies_inside_a_split_are_counted_without_their_original():
    found = audit(dataset(all=part([0, 0, 0, 1, 1, 1], [7, 7, 7, 8, 9, 9])))
    assert found.duplicates == {"inside all": 3}
    assert "3 samples in all are exact copies" in texts(found, "info")[0]
    assert found.findings[-1].ids == ("1.png", "2.png", "5.png")


def test_copies_across_splits_are_counted_where_they_spoil_the_score():
    train = part([0, 1] * 50, [*range(100)])
    test = part([0, 1] * 50, [0, 0, 5, *range(500, 597)], prefix="t")
    found = audit(dataset(train=train, test=test))
    assert found.duplicates["test in train"] == 3
    across = next(finding for finding in found.findings if "also lie in train" in finding.text)
    assert across.level == "warning"
    assert "3 of the test samples (3.00%)" in across.text
    assert sorted(across.ids) == ["t0.png", "t1.png", "t2.png"]


def test_one_content_under_two_labels_is_listed_by_id():
    found = audit(dataset(train=part([0, 1, 1, 0], [5, 5, 6, 7]), test=part([0], [6], prefix="t")))
    assert found.duplicates["under two labels"] == 2
    finding = next(finding for finding in found.findings if "under two labels" in finding.text)
    assert "2 contents" in finding.text
    assert "(4 samples)" in finding.text
    assert set(finding.ids) == {"0.png", "1.png", "2.png", "t0.png"}


def test_equal_contents_under_one_label_are_no_conflict():
    assert "under two labels" not in audit(dataset(all=part([0, 0, 1], [5, 5, 6]))).duplicates


def test_imbalance_names_both_ends_and_the_trivial_accuracy():
    found = audit(dataset(("cat", "dog", "owl"), train=part([0] * 180 + [1] * 10 + [2] * 10)))
    (text,) = texts(found, "warning")
    assert "'cat' has 180 training samples, 'dog' has 10" in text
    assert "90.0%" in text


def test_a_class_too_small_to_measure_is_given_with_its_interval():
    found = audit(dataset(train=part([0, 1] * 50), test=part([0] * 200 + [1] * 4, prefix="t")))
    (text,) = texts(found, "warning")
    assert "fewer than 10 test samples: 'dog'" in text
    # Wilson for 2 of 4: 0.5 ± 0.35.
    assert "with 4 the recall of a class is known to ± 35% only" in text


def test_a_class_without_test_samples_is_not_measurable():
    found = audit(dataset(train=part([0, 1] * 50), test=part([0] * 200, prefix="t")))
    assert texts(found) == ["no test sample, so not measurable: 'dog'"]


def test_a_small_test_split_is_given_with_its_interval():
    found = audit(dataset(train=part([0, 1] * 50), test=part([0, 1] * 12, prefix="t")))
    assert texts(found) == ["test has 24 samples: its accuracy is known to ± 19% only"]


def test_classes_without_samples_are_named():
    names = tuple("abcdefgh")
    found = audit(dataset(names, train=part([0, 1] * 50), test=part([0, 1, 2] * 100, prefix="t")))
    assert "no sample at all: 'd', 'e', 'f', 'g', 'h'" in texts(found)
    assert any(text.startswith("no training sample, but samples in another split: 'c'") for text in texts(found))


@pytest.mark.parametrize(
    ("targets", "text"),
    [([1, 1, 1], "all training samples have the label 'dog'"), ([], "there is no sample to train on")],
)
def test_nothing_to_learn_is_an_error_that_can_be_raised(targets, text):
    found = audit(dataset(train=part(targets)))
    assert len(texts(found, "error")) == 1
    with pytest.raises(DataError, match=text):
        found.require_learnable()


def test_what_the_reader_counted_is_told_where_it_differs():
    facts = {
        "sizes": [{"width_px": 640, "height_px": 480, "n": 90}, {"width_px": 32, "height_px": 32, "n": 10}],
        "num_sizes": 2,
        "short_side_px": {"min": 32, "median": 480, "max": 480},
        "modes": {"L": 5, "RGB": 95},
        "passed_over": {"other files": 6},
        "animated": 3,
        "turned": 4,
    }
    assert texts(audit(dataset(train=part([0, 1] * 50), facts=facts)), "info") == [
        "2 sizes, most often 640 × 480 px; short side 32 to 480 px, median 480",
        "2 colour modes: RGB (95), L (5)",
        "passed over: other files (6)",
        "3 animations or files of several pages: the first picture is used",
        "4 pictures were turned upright, as their EXIF orientation says",
    ]
    facts = {"sizes": [{"width_px": 8, "height_px": 8, "n": 9}], "num_sizes": 1, "modes": {"L": 9}, "animated": 0}
    assert audit(dataset(train=part([0, 1] * 50), facts=facts)).findings == ()


def test_lines_come_gravest_first_and_fit_for_a_terminal():
    skipped = [Skipped(id="a\x1b[31m.png", reason="bad\nfile")]
    found = audit(dataset(train=part([0, 0, 0], [1, 1, 1]), skipped=skipped))
    lines = found.lines()
    assert [line.split(":")[0] for line in lines] == ["error", "warning", "warning", "info"]
    assert all(line.isprintable() for line in lines)


def test_the_dictionary_is_json():
    found = audit(dataset(train=part([0, 0, 1], [1, 1, 1]), test=part([1], [1])))
    value = found.as_dict()
    assert json.loads(json.dumps(value)) == value
    assert value["counts"]["train"] == [2, 1]
    assert {"level", "text", "ids", "fix"} <= set(value["findings"][0])


def test_data_without_splits_have_nothing_to_say_about_duplicates():
    assert audit(dataset()).duplicates == {}


def test_what_the_reader_mended_is_told():
    facts = {"repaired": ["3 gaps of one hour were filled in", "2 times came twice"]}
    found = audit(raw_data.dataset(raw_data.FORECAST, facts=facts, train=raw_data.ramp(200)))
    assert texts(found, "warning") == facts["repaired"]


def test_every_kind_of_data_is_audited_and_gives_json():
    kinds = {
        raw_data.LABELLED: raw_data.texts([f"text {i}" for i in range(60)] + [""], [0, 1] * 30 + [0]),
        raw_data.TAGGED: raw_data.sentences(["so be it"] * 2, [[0, 2, 1], [0, 1, 1]]),
        raw_data.CONTINUED: raw_data.documents("abc" * 100),
        raw_data.FORECAST: raw_data.rows(np.zeros((5, 2))),
        raw_data.WAVES: raw_data.waves(np.zeros((2, 3, 2)), [0, 1]),
    }
    told = {}
    for spec, train in kinds.items():
        found = audit(raw_data.dataset(spec, train=train))
        value = found.as_dict()
        assert json.loads(json.dumps(value)) == value
        assert list(value) == ["classes", "counts", "duplicates", "findings"]
        told[spec] = (found.classes, found.counts["train"], [finding.text for finding in found.findings])
    assert told[raw_data.LABELLED] == (("good", "bad"), (31, 30), ["1 text is empty"])
    assert told[raw_data.TAGGED][:2] == (("O", "NOUN", "VERB"), (2, 3, 1))
    assert told[raw_data.TAGGED][2][0] == "1 sentences occur with different tags (2 sentences in all)"
    assert told[raw_data.CONTINUED][:2] == ((), ())
    assert "learned by heart" in told[raw_data.CONTINUED][2][0]
    assert "there is nothing to learn" in told[raw_data.FORECAST][2][-1]
    assert "every channel is constant" in told[raw_data.WAVES][2][0]


def test_texts_that_could_not_be_used_are_called_texts():
    skipped = [Skipped(id="a.txt", reason="no text")]
    found = audit(raw_data.dataset(raw_data.LABELLED, skipped=skipped, all=raw_data.texts("ab", [0, 1])))
    assert texts(found)[0] == "1 of 3 texts could not be used: no text (a.txt)"


def test_where_no_labels_are_needed_it_is_no_matter_how_they_are_spread():
    found = dataset(train=part([0] * 50), test=part([0, 1] * 5, prefix="t"))
    with pytest.raises(DataError, match="there is nothing to learn"):
        audit(found).require_learnable()
    assert audit(found, needs_labels=False).findings == ()
