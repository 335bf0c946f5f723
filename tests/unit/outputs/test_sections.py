import json
import shlex

import pytest
from fake_run import FakeRun
from fake_sequence_runs import FakeCurves, FakeForecast, FakeTags, FakeTexts, FakeWriter

from gnomon.outputs import sections
from gnomon.outputs.record import read_record


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return read_record(FakeRun(tmp_path_factory.mktemp("run")).run)


def rewrite(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_budget_tells_planned_and_used_seconds(record):
    found = sections.budget(record)
    rows = {name: (round(planned, 2), round(used, 2)) for name, planned, used in found["rows"]}
    assert rows == {
        "start-up": (3.42, 3.49),
        "training": (24.68, 24.6),
        "evaluation": (0.9, 0.81),
        "report": (0.7, 0.48),
    }
    assert found["totals"] == pytest.approx((29.7, 29.38))
    assert found["steps"] == (1180, 1131)
    assert found["limit"] == 100


def test_refits_say_from_what_to_what(record):
    refits = sections.budget(record)["refits"]
    assert [(refit["before"], refit["after"]) for refit in refits] == [(1180, 1112), (1112, 1131)]
    assert refits[0]["place"] == pytest.approx(100 * 9.1 / 30)


def test_many_refits_are_drawn_as_a_curve(tmp_path):
    fake = FakeRun(tmp_path)
    plan, *_, finish = fake.run.plan.read_text().splitlines()
    many = [
        {"event": "refit", "at_step": 10 * k, "steps": 1100 + k, "was": 1099 + k, "elapsed_s": 4.0 + k}
        for k in range(20)
    ]
    fake.run.plan.write_text("\n".join([plan, *map(json.dumps, many), finish]) + "\n")
    found = sections.budget(read_record(fake.run))
    assert not found["few_refits"]
    assert "steps in all from 1,180 to 1,119" in found["refit_chart"]
    assert found["refits"][0]["before"] == 1099
    assert sections.budget(read_record(FakeRun(tmp_path / "few").run))["refit_chart"] == ""


def test_a_report_written_later_knows_the_true_end(tmp_path):
    fake = FakeRun(tmp_path)
    with fake.run.plan.open("a") as file:
        file.write(json.dumps({"event": "reported", "elapsed_s": 29.0}) + "\n")
    found = sections.budget(read_record(fake.run))
    assert found["totals"][1] == 29.0
    assert found["rows"][3][2] == pytest.approx(29.0 - 3.42 - 24.6 - 0.81)


def test_training_of_a_resumed_run_counts_all_sittings(tmp_path):
    fake = FakeRun(tmp_path)
    plan, *_, finish = fake.run.plan.read_text().splitlines()
    resume = json.dumps({"event": "resume", "at_step": 400, "elapsed_s": 12.0, "budget_s": 60.0})
    fake.run.plan.write_text("\n".join([plan, resume, finish.replace("24.6", "9.9")]) + "\n")
    found = sections.budget(read_record(fake.run))
    assert found["budget_s"] == 60.0  # what the resume granted
    rows = {name: used for name, _, used in found["rows"]}
    assert rows["training"] == pytest.approx(29.38 - 3.42 - 0.81 - 0.48)


def test_an_unfinished_run_claims_no_evaluation(tmp_path):
    found = sections.budget(read_record(FakeRun(tmp_path, finished=False).run))
    used = {name: seconds for name, _, seconds in found["rows"]}
    assert used["evaluation"] is used["report"] is None
    assert used["training"] > 0


def test_a_budget_in_epochs_has_no_limit(tmp_path):
    fake = FakeRun(tmp_path)
    plan = json.loads(fake.run.plan.read_text().splitlines()[0])
    plan |= {"budget": {"text": "10epochs", "kind": "epochs", "value": 10}, "budget_s": None, "expected_finish_s": None}
    fake.run.plan.write_text(json.dumps(plan) + "\n")
    found = sections.budget(read_record(fake.run))
    assert (found["limit"], found["planned_bar"], found["totals"][0]) == (None, "", None)
    assert found["actual_bar"]


def test_data_counts_each_class_in_each_split(record):
    found = sections.data(record)
    assert [split["name"] for split in found["splits"]] == ["train", "valid", "test"]
    assert sum(row["total"] for row in found["rows"]) == 1797
    assert found["shape"] == "8 × 8 px, grey"
    assert [finding["level"] for finding in found["findings"]] == ["warning", "warning", "info"]
    assert found["num_skipped"] == 2


def test_scores_stand_beside_the_baselines(record):
    found = sections.scores(record)
    assert found["splits"] == ["test", "valid"]
    assert found["baselines"] == ["majority class, test", "linear model (ridge), test"]
    accuracy = found["rows"][0]
    assert accuracy["cells"][0]["value"].replace("\u202f", " ") == "90.6 %"
    assert [row["baselines"][1] is None for row in found["rows"]] == [False, True, True, True]


def test_classes_come_weakest_first(record):
    values = [row["f1"] for row in sections.classes(record)["rows"]]
    assert len(values) == 10
    assert values == sorted(values)


def test_confusion_weighs_right_by_recall_and_wrong_by_the_worst_cell(tmp_path):
    fake = FakeRun(tmp_path, classes=["cat", "dog"])
    evaluation = json.loads(fake.run.evaluation.read_text())
    evaluation["details"]["test"] |= {
        "confusion": [[6, 2], [16, 0]],
        "confused": [{"true": "dog", "predicted": "cat", "n": 16}],
    }
    fake.run.evaluation.write_text(json.dumps(evaluation))
    found = sections.confusion(read_record(fake.run))
    weights = [[cell["weight"] for cell in row["cells"]] for row in found["rows"]]
    assert weights == [[0.75, pytest.approx(0.125**0.75, abs=1e-3)], [1.0, 0.0]]
    assert found["rows"][1]["cells"][0]["text"].replace("\u202f", " ") == "dog taken for cat: 16 (100 %)"
    assert found["num_wrong"] == 18


def test_many_classes_show_pairs_instead_of_the_matrix(tmp_path):
    record = read_record(FakeRun(tmp_path, classes=[str(k) for k in range(100)]).run)
    found = sections.confusion(record)
    assert found["rows"] == []
    assert len(found["pairs"]) == 10


def test_calibration_in_one_sentence(record):
    sentence = sections.calibration(record)["sentence"].replace("\u202f", " ")
    assert sentence.startswith("On average it states a confidence of 91.6 % and is right 90.6 % of the time")


def test_health_lists_skipped_batches_and_roll_backs(tmp_path):
    fake = FakeRun(tmp_path)
    with fake.run.plan.open("a") as file:
        file.write(
            json.dumps(
                {
                    "event": "rollback",
                    "at_step": 200,
                    "from_step": 260,
                    "lr_factor": 0.5,
                    "reason": "loss is not finite",
                }
            )
            + "\n"
        )
    rows = sections.health(read_record(fake.run))["rows"]
    assert [row["step"] for row in rows] == [260, 301]
    assert "went back to the checkpoint of step 200, learning rates at 50.0" in rows[0]["event"]
    assert (len(rows[1]["ids"]), rows[1]["more"]) == (20, 11)


def test_settings_are_grouped_with_who_chose(record):
    found = sections.settings(record)
    assert list(found["groups"]) == ["run", "data", "task", "family", "train"]
    assert found["groups"]["family"][1] == {
        "key": "family.widths",
        "name": "widths",
        "value": "32, 64, 128",
        "who": "plan",
    }
    assert found["who"] == ["data", "default", "plan", "recipe", "user"]


def test_environment_is_flat(record):
    rows = dict(sections.environment(record)["rows"])
    assert rows["precision speed bf16"] == "1.79"
    assert rows["memory (GiB)"] == "7.75"
    assert "gpu" not in rows


def test_environment_shows_the_command_and_the_peak_memory(tmp_path):
    fake = FakeRun(tmp_path)
    rewrite(fake.run.env, argv=["/bin/gnomon", "train", "my data"], versions={"torch": "2.13.0", "pillow": "13.0.0"})
    fake.run.plan.write_text(
        fake.run.plan.read_text().replace('"train_s"', '"peak_memory_bytes": 1073741824, "train_s"')
    )
    rows = dict(sections.environment(read_record(fake.run))["rows"])
    assert rows["command"] == "gnomon train 'my data'"
    assert (rows["pillow"], rows["peak memory"]) == ("13.0.0", "1.0\u202fGiB")


def test_usage_quotes_the_path(tmp_path, monkeypatch):
    record = read_record(FakeRun(tmp_path / "my runs").run)
    commands = dict(sections.usage(record)["commands"])
    assert shlex.split(commands["Measure it on other data"])[2] == str(record.run.path)
    monkeypatch.chdir(tmp_path)
    assert sections.usage(record)["path"] == f"my runs/{record.run.name}"
    assert commands["Train anew with more time"] == "gnomon train digits --split 0.7,0.1,0.2 --budget 2m"
    unfinished = read_record(FakeRun(tmp_path / "b", finished=False).run)
    assert "Finish it" in dict(sections.usage(unfinished)["commands"])


@pytest.mark.parametrize(
    ("kind", "shape", "first"),
    [
        (FakeTexts, "texts with a label", "Predict new files"),
        (FakeTags, "sentences with tags", "Tag new sentences"),
        (FakeWriter, "running text", "Let it write"),
        (FakeForecast, "2 channels", "Continue a series"),
        (FakeCurves, "60 steps of 1 channel", "Predict new files"),
    ],
)
def test_every_kind_of_data_has_its_words_and_its_use(tmp_path, kind, shape, first):
    record = read_record(kind(tmp_path).run)
    assert sections.data(record)["shape"] == shape
    commands = sections.usage(record)["commands"]
    assert commands[0][0] == first
    assert len(commands) == 4
    assert "picture" not in sections.usage(record)["python"]


def test_tags_are_counted_as_words_and_running_text_is_not_counted(tmp_path):
    tags = sections.data(read_record(FakeTags(tmp_path).run))
    assert (tags["of"], tags["class_word"], len(tags["rows"])) == ("Words with each tag", "tag", 5)
    assert sections.data(read_record(FakeWriter(tmp_path).run))["rows"] == []


@pytest.mark.parametrize(("budget_s", "text"), [(12, "48s"), (300, "20m"), (1800, "2h"), (None, "5m")])
def test_longer_is_four_times_as_it_is_typed(budget_s, text):
    assert sections.longer(budget_s) == text


def test_filters_word_numbers_and_dash_the_rest():
    assert sections.FILTERS["count"](1234) == "1,234"
    assert sections.FILTERS["pct"](None) == "–"
    assert sections.FILTERS["num"]("x") == "–"
    assert sections.FILTERS["coded"]("say `<b>` now") == "say <code>&lt;b&gt;</code> now"
