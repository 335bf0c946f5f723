from gnomon.core.events import Said
from gnomon.core.run import RunFolder, read_json
from gnomon.core.signals import StopFlag
from gnomon.sitting import reading


def test_the_data_of_a_run_comes_back_with_the_splits_that_it_had(trained):
    heard = []
    dataset = reading.dataset_or_none(RunFolder(trained), heard.append)
    stored = read_json(RunFolder(trained).data)
    assert {name: len(part) for name, part in dataset.splits.items()} == {
        name: split["num_samples"] for name, split in stored["splits"].items()
    }


def test_where_the_data_is_gone_it_is_said_and_the_report_does_without(copied):
    config = RunFolder(copied).config
    config.write_text(config.read_text().replace('path = "digits"', 'path = "gone/digits"'))
    heard = []
    assert reading.dataset_or_none(RunFolder(copied), heard.append) is None
    (said,) = [event for event in heard if isinstance(event, Said)]
    assert said.level == "warning"
    assert "the report has no pictures" in said.text


def test_pictures_need_no_preparation(trained):
    dataset = reading.dataset_or_none(RunFolder(trained), lambda event: None)
    with StopFlag() as stop:
        prepared = reading.prepared_of(dataset, [], stop=stop)
    assert prepared.dataset is dataset
    assert prepared.preparation == {"kind": "none"}
