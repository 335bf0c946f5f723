import json
from dataclasses import replace

import pytest
import small_rows
from fake_generative_runs import FakeDreams

from gnomon.core.run import RunFolder
from gnomon.core.spec import Density
from gnomon.outputs import rowportrait, rowsections
from gnomon.outputs.record import read_record
from gnomon.outputs.report import render
from gnomon.outputs.rowfidelity import Effort


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The record of a run of pictures, with what a model of rows has beside."""
    folder = tmp_path_factory.mktemp("runs")
    model, dataset = small_rows.model(folder)
    run = RunFolder(folder / "run")
    run.path.mkdir()
    told = [{"index": k, "id": f"test.csv#{k}", "score": 9.0 - k, "p_value": 0.01} for k in range(3)]
    dataset.splits["test"].inputs[0, 0] = 5000.0
    rowportrait.write(model, dataset, run, details={"strangest": told}, effort=Effort(rows=80, rounds=2), seed=0)
    dreams = read_record(FakeDreams(folder, Density(classes=("0",), conditional=True)).run)
    as_rows = {"spec": {"input": {"kind": "MixedRow"}, "target": {"kind": "Density", "classes": []}}}
    fidelity = json.loads(run.fidelity.read_text())
    data = {**dreams.data, "spec": {"input": {"kind": "Table"}, "target": {"kind": "Label"}}}
    return replace(dreams, card={**dreams.card, **as_rows}, fidelity=fidelity, data=data)


def test_made_rows_stand_beside_those_of_others(record):
    found = rowsections.made(record)
    assert found["models"] == ["this model", "Gaussian copula", "column by column", "other real rows"]
    assert found["rows"][0]["metric"].label == "Distance of columns"
    assert all(len(row["cells"]) == 4 for row in found["rows"])
    assert found["has_accuracy"] and found["label"] == "class"
    assert len(found["table"]) == 8 and found["columns"] == ["age", "city", "debt", "since", "country", "class"]


def test_columns_are_ranked_by_how_far_they_are_apart(record):
    found = rowsections.marginals(record)
    wanted = sorted(record.fidelity["columns"], key=lambda column: -column["distance"])
    assert [column["name"] for column in found["columns"]] == [column["name"] for column in wanted]
    assert all("<rect" in column["svg"] for column in found["columns"])


def test_pairs_have_a_matrix_and_the_worst_ones(record):
    found = rowsections.ties(record)
    assert len(found["matrix"]) == 5
    assert found["matrix"][1]["cells"][1]["self"]
    assert len(found["pairs"]) == 10


def test_strange_rows_name_their_cells(record):
    first, *_ = rowsections.odd_rows(record)
    assert first["cells"][0]["name"] == "age"


def test_nothing_is_told_where_nothing_was_measured(record):
    empty = replace(record, fidelity={})
    assert rowsections.made(empty) == rowsections.marginals(empty) == rowsections.ties(empty) == {}
    assert rowsections.odd_rows(empty) == []


def test_the_report_has_a_chapter_for_each(record):
    page = render(record, examples=None)
    for anchor in ("made", "marginals", "ties", "strange"):
        assert f'<section class="chapter" id="{anchor}"' in page
    assert "cells that make it strange" in page
    assert 'id="rebuilt"' not in page
