import json

import pytest
from fake_run import FakeRun
from fake_sequence_runs import FakeCurves, FakeForecast, FakeTags, FakeTexts, FakeWriter

from gnomon.outputs.record import read_record
from gnomon.outputs.subject import chapters, classes_of, kinds_of, things

SEQUENCES = [
    (FakeTexts, ("Text", "Label"), "text"),
    (FakeTags, ("Text", "Tags"), "sentence"),
    (FakeWriter, ("Text", "Text"), "document"),
    (FakeForecast, ("Series", "Series"), "time step"),
    (FakeCurves, ("Series", "Label"), "series"),
]


@pytest.mark.parametrize(("kind", "kinds", "thing"), SEQUENCES)
def test_every_kind_of_run_is_known(tmp_path, kind, kinds, thing):
    record = read_record(kind(tmp_path).run)
    assert (kinds_of(record), things(record)) == (kinds, thing)


def test_each_kind_has_its_chapters(tmp_path):
    found = {kind: [c.id for c in chapters(read_record(kind(tmp_path / thing).run))] for kind, _, thing in SEQUENCES}
    assert found[FakeTexts][2:7] == ["telling", "curves", "scores", "classes", "confusion"]
    assert "telling" not in found[FakeCurves]
    assert "calibration" not in found[FakeTags]
    assert found[FakeWriter][2:6] == ["curves", "written", "scores", "along"]
    assert found[FakeForecast][2:6] == ["curves", "scores", "forecasts", "horizon"]
    for ids in found.values():
        assert ids[:2] == ["plan", "data"]
        assert ids[-4:] == ["health", "settings", "environment", "use"]


def test_without_the_manifest_the_card_of_the_model_tells_what_it_is_about(tmp_path):
    run = FakeWriter(tmp_path).run
    run.data.unlink()
    assert kinds_of(read_record(run), "Image") == ("Image", "Label")
    tokens = {"kind": "Sequence", "sizes": [66], "length": 64, "unit": "character"}
    run.card.parent.mkdir()
    run.card.write_text(json.dumps({"spec": {"input": tokens, "target": tokens}}))
    assert kinds_of(read_record(run)) == ("Text", "Text")
    run.card.write_text("{")
    assert "model.json" in read_record(run).gaps


def test_a_kind_of_somebody_else_gets_the_chapters_that_all_have(tmp_path):
    run = FakeRun(tmp_path).run
    run.data.write_text(json.dumps({"spec": {"input": {"kind": "Image"}, "target": {"kind": "Mask"}}}))
    record = read_record(run)
    ids = [chapter.id for chapter in chapters(record)]
    assert ids == ["plan", "data", "curves", "scores", "health", "settings", "environment", "use"]
    assert things(record) == "sample"


def test_classes_are_named(tmp_path):
    assert classes_of(read_record(FakeTexts(tmp_path).run)) == ["PLACE", "NUMBER", "PERSON"]
    assert classes_of(read_record(FakeWriter(tmp_path).run)) == []
