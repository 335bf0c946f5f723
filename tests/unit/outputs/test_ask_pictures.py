import fake_generative
import numpy as np
import pytest
import small_training
from PIL import Image

from gnomon.assemble import Model
from gnomon.core.errors import UsageError
from gnomon.core.spec import Density, Normality
from gnomon.outputs.ask_pictures import AskPictures, labelled
from gnomon.tasks import classify
from gnomon.training.precision import Precision


@pytest.fixture
def asking():
    spec = small_training.spec()
    task = classify.Task(classify.Config(), spec)
    precision = Precision("fp32", small_training.CPU)
    return AskPictures(
        Model(network=small_training.small().eval(), task=task, spec=spec, size_px=3, precision=precision)
    )


def test_files_keep_their_order_and_a_folder_stands_for_its_pictures(asking, tmp_path):
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    found = asking.paths(["z.png", str(tmp_path), "notes.txt"])
    assert [path.name for path in found] == ["z.png", "a.jpg", "b.png", "notes.txt"]


def test_nothing_to_predict(asking, tmp_path):
    with pytest.raises(UsageError, match="nothing to predict"):
        asking.paths([])
    with pytest.raises(UsageError, match="no pictures"):
        asking.paths([str(tmp_path)])


def test_a_file_that_is_no_picture_keeps_its_row(asking, tmp_path):
    Image.fromarray(np.full((6, 6), 200, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"nothing")
    first, second = asking.questions([tmp_path / "a.png", tmp_path / "b.png"])
    assert first.row == {"file": str(tmp_path / "a.png"), "error": ""}
    assert first.sample.tolist() == np.full((6, 6, 1), 200).tolist()
    assert second.sample is None
    assert second.row["error"]


def test_a_batch_is_at_the_resolution_at_which_the_model_looks(asking):
    batch = asking.batch([np.full((6, 6, 1), value, np.uint8) for value in (0, 100)])
    assert batch.inputs.shape == (2, 3, 3, 1)
    assert batch.inputs[:, 0, 0, 0].tolist() == [0, 100]


def test_a_row_without_an_answer_has_empty_cells():
    row = labelled({"file": "b.png", "error": "is empty"})
    assert row == {"file": "b.png", "label": "", "confidence": None, "top": "", "error": "is empty"}


@pytest.mark.parametrize(("target", "verdict"), [(Density(), []), (Normality(), ["anomalous"])])
def test_a_model_of_the_pictures_themselves_is_told_no_class_and_fills_a_table_of_its_own(target, verdict):
    asking = AskPictures(fake_generative.model(target=target))
    batch = asking.batch([np.zeros((4, 4, 1), np.uint8)] * 2)
    assert batch.targets.tolist() == [-1, -1]
    names = [column.name for column in asking.columns]
    assert names == [
        "file", "nll_bound", "reconstruction", "kl", "bits_per_dim", "score", "p_value", *verdict, "error",
    ]  # fmt: skip
    (line,) = asking.lines({"file": "a.png", "score": 3.5, "error": ""})
    assert list(line) == names
    assert (line["score"], line["p_value"]) == (3.5, None)
