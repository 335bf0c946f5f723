"""Drawn stretches of a series, and the tables that tell them."""

import csv

import numpy as np
import pytest
from small_stretches import model, rows, table

from gnomon.core.errors import DataError, UsageError
from gnomon.core.spec import Density, Image, Normality, Series, Spec
from gnomon.outputs import drawstretches


@pytest.fixture(scope="module")
def drawing():
    return model(Density())


def test_the_same_seed_draws_the_same_and_the_first_ones_whatever_the_count(drawing):
    few, many = (drawstretches.samples(drawing, count=count, seed=3).values for count in (3, 70))
    assert few.shape == (3, 12, 2)
    np.testing.assert_array_equal(few, many[:3])
    assert not np.array_equal(few, drawstretches.samples(drawing, count=3, seed=4).values)


def test_a_table_has_a_row_a_step(drawing, tmp_path):
    drawn = drawstretches.samples(drawing, count=2)
    for name in ("synthetic.csv", "synthetic.parquet", "synthetic.jsonl", "synthetic.tsv"):
        drawstretches.write(drawn, tmp_path / name)
    lines = list(csv.DictReader((tmp_path / "synthetic.csv").read_text().splitlines()))
    assert [line["sample"] for line in lines] == ["0"] * 12 + ["1"] * 12
    assert [line["step"] for line in lines[:3]] == ["0", "1", "2"]
    assert float(lines[13]["wind"]) == np.float32(drawn.values[1, 1, 1])


def test_classes_come_in_turn_and_are_told():
    drawn = drawstretches.samples(model(Density(classes=("a", "b"), conditional=True)), count=3)
    assert drawn.table.column("class").to_pylist()[::12] == ["a", "b", "a"]


def test_a_series_is_rebuilt_row_by_row(drawing, tmp_path):
    path = table(tmp_path / "new.csv", rows(40))
    drawn = drawstretches.alike(drawing, [str(path)])
    assert drawn.values.shape == (1, 40, 2)
    assert drawn.table.column_names == ["file", "time", "load", "wind", "load (rebuilt)", "wind (rebuilt)"]
    assert len(drawn.table) == 40


def test_the_way_goes_from_the_end_of_one_to_that_of_another(drawing, tmp_path):
    paths = [str(table(tmp_path / f"{k}.csv", rows(40, seed=k))) for k in (0, 1)]
    drawn = drawstretches.between(drawing, *paths, count=4)
    assert drawn.values.shape == (4, 12, 2)
    import torch

    end = torch.from_numpy(np.round(rows(40)[-12:], 4)[None])
    np.testing.assert_allclose(drawn.values[0], drawing.network.reconstruct(end)[0].numpy(), atol=1e-2)


def test_what_cannot_be_drawn_is_refused(drawing, tmp_path):
    with pytest.raises(UsageError, match="0 series cannot be drawn"):
        drawstretches.samples(drawing, count=0)
    with pytest.raises(UsageError, match="temperature of -1"):
        drawstretches.samples(drawing, count=1, temperature=-1)
    with pytest.raises(UsageError, match="no way of 1 series"):
        drawstretches.between(drawing, "a", "b", count=1)
    with pytest.raises(UsageError, match="is no place for series"):
        drawstretches.require_place(tmp_path / "samples.png")
    short = str(table(tmp_path / "short.csv", rows(5)))
    with pytest.raises(DataError, match="has 5 rows"):
        drawstretches.between(drawing, short, short, count=3)


def test_which_models_draw():
    series = Series(names=("x",), length=4)
    assert drawstretches.draws(Spec(input=series, target=Normality()))
    assert not drawstretches.draws(Spec(input=series, target=series))
    assert not drawstretches.draws(Spec(input=Image(height_px=4, width_px=4, channels=1), target=Density()))


def test_labelled_series_are_rebuilt_one_by_one_as_a_class(tmp_path):
    folder = tmp_path / "u"
    folder.mkdir()
    for name in ("TRAIN", "TEST"):
        channels = [",".join(f"{value:.3f}" for value in channel) for channel in rows(12).T]
        header = "@problemName u\n@timeStamps false\n@classLabel true a b\n@data\n"
        (folder / f"U_{name}.ts").write_text(header + f"{':'.join(channels)}:a\n{':'.join(channels)}:b\n")
    known = model(Density(classes=("a", "b"), conditional=True), samples="series")
    drawn = drawstretches.alike(known, [str(folder / "U_TEST.ts")], label="b")
    assert drawn.values.shape == (2, 12, 2)
    assert drawn.table.column_names[:3] == ["file", "series", "step"]
    assert len(drawn.table) == 24
    with pytest.raises(UsageError, match="there is no class 'c'"):
        drawstretches.alike(known, [str(folder / "U_TEST.ts")], label="c")
    way = drawstretches.between(known, *[str(folder / "U_TEST.ts")] * 2, count=3)
    assert way.table.column("class").to_pylist() == [""] * 36
