import json

import pytest
from fake_generative_runs import DIGITS, FakeDreams

from gnomon.core.spec import Density, Normality
from gnomon.outputs import portraitsections
from gnomon.outputs.record import read_record
from gnomon.outputs.report import write_report
from gnomon.outputs.subject import chapters, kinds_of
from gnomon.outputs.verdict import judge


@pytest.fixture(scope="module")
def dreams(tmp_path_factory):
    return FakeDreams(tmp_path_factory.mktemp("dreams"))


@pytest.fixture(scope="module")
def anomalies(tmp_path_factory):
    return FakeDreams(tmp_path_factory.mktemp("anomalies"), Normality(classes=DIGITS, normal=("0",)))


def test_a_row_for_each_class(dreams):
    found = portraitsections.drawn(read_record(dreams.run))
    assert found["by_class"]
    assert [row["name"] for row in found["panel"]["rows"]] == list(DIGITS)
    assert all(len(row["places"]) == 8 for row in found["panel"]["rows"])
    assert found["panel"]["cell"] == 64


def test_what_was_rebuilt_and_the_ways(dreams):
    found = portraitsections.rebuilt(read_record(dreams.run))
    assert found["split"] == "test"
    assert [row["name"] for row in found["rebuilt"]["rows"]] == ["given", "rebuilt"] * 2
    assert len(found["ways"]["rows"]) == 5


def test_latents_have_a_map_traversals_and_what_each_group_carries(dreams):
    found = portraitsections.latents(read_record(dreams.run))
    assert found["map"].count("<circle") == 247
    assert [name for name, _ in found["legend"]] == list(DIGITS)
    assert found["traversals"]["rows"][0]["name"] == "latent 0"
    assert [(group["name"], group["share"]) for group in found["groups"]] == [("top", 1.0), ("8 x 8", 4.6 / 17.3)]
    assert (found["active"], found["num_units"]) == (20, 76)


def test_what_is_strange_has_scores_pictures_and_thresholds(anomalies):
    found = portraitsections.strange(read_record(anomalies.run))
    assert len(found["rows"]) == 16
    assert all(len(row["places"]) == 2 for row in found["rows"])
    scores = [float(row["score"].replace(",", "")) for row in found["rows"]]
    assert scores == sorted(scores, reverse=True)
    assert found["has_strange"] and found["catches"]
    assert {(row["class"] != "0", row["odd"]) for row in found["rows"]} <= {(True, True), (False, False)}
    assert 'class="strange"' in found["histogram"] and 'class="limit"' in found["histogram"]
    assert [row["rate"] for row in found["thresholds"]][-1] == "10.0\u202f%"


@pytest.mark.parametrize(
    ("id", "name"), [("a/b/c.png", "c.png"), ("t10k-images.gz#4176", "#4176"), ("", ""), ("x.parquet#3", "#3")]
)
def test_samples_have_short_names(id, name):
    assert portraitsections._short(id) == name


def test_without_known_anomalies_nothing_is_said_to_be_caught(dreams):
    found = portraitsections.strange(read_record(dreams.run))
    assert not found["has_strange"] and not found["catches"]
    assert found["thresholds"][0]["caught"] is None


def test_a_run_that_learned_the_pictures_of_labelled_data_is_told_by_its_card(dreams, anomalies, tmp_path):
    assert kinds_of(read_record(dreams.run)) == ("Image", "Density")
    assert kinds_of(read_record(anomalies.run)) == ("Image", "Normality")
    young = FakeDreams(tmp_path, finished=False)
    record = read_record(young.run)
    assert kinds_of(record) == ("Image", "Density")
    assert "drawn" in [chapter.id for chapter in chapters(record)]
    assert portraitsections.drawn(record) == portraitsections.strange(record) == {}


def test_the_verdict_says_what_the_number_means(dreams, anomalies):
    said = judge(read_record(dreams.run))
    assert said.direction == "lower is better"
    assert said.sentences[0].startswith("It could press a test picture into 92.10 nats on average")
    assert judge(read_record(anomalies.run)).sentences[0] == (
        "Of a usual and a strange picture of the test split it finds the strange one 93.1\u202f% of the time."
    )


def test_a_portrait_that_is_broken_is_named_and_the_report_is_written(tmp_path):
    fake = FakeDreams(tmp_path, Density(), names=())
    (fake.run.portrait / "samples.png").unlink()
    text = write_report(fake.run, examples=fake.examples).read_text()
    assert "The portrait is not complete" in text
    assert "What is strange" in text


def test_a_collapsed_posterior_is_said(dreams, tmp_path):
    fake = FakeDreams(tmp_path)
    found = json.loads(fake.run.evaluation.read_text())
    found["details"]["test"] |= {"collapsed": True, "warnings": ["0 of 76 latents are active"]}
    fake.run.evaluation.write_text(json.dumps(found))
    text = write_report(fake.run, examples=None).read_text()
    assert "0 of 76 latents are active" in text
    assert "the posterior has collapsed" in text


def test_latents_that_do_not_differ_are_told(dreams, tmp_path):
    fake = FakeDreams(tmp_path)
    told = json.loads(fake.run.portrait_facts.read_text())
    for group in told["groups"]:
        group["active"] = 0
    fake.run.portrait_facts.write_text(json.dumps(told))
    text = write_report(fake.run, examples=None).read_text()
    assert "None of the 76 latents is active" in text
    assert "their mean differs" not in text
