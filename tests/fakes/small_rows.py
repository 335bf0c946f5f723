"""A small table of people, as it is read, and a model of its rows that has not learned yet."""

import numpy as np
import pyarrow as pa
import torch

from gnomon.assemble import Model
from gnomon.core.spec import Dataset, Density, Label, Normality, Spec, Split, Table, TableColumn
from gnomon.data import cells, tabletypes
from gnomon.data.cells import Cells, RowNames
from gnomon.data.densityprep import DensityConfig
from gnomon.data.mixedprep import prepare
from gnomon.data.tableprep import TableConfig
from gnomon.layers.vae_rows import RowVae
from gnomon.tasks import anomaly, generate
from gnomon.training.precision import Precision

CPU = torch.device("cpu")
CITIES = ("Bonn", "Kyoto", "Lima")


def table(num_rows=300, *, seed=0):
    """People whose income hangs on age and city; a fifth of the debts is 0, a tenth of them is missing."""
    draw = np.random.default_rng(seed)
    city, age = draw.integers(0, 3, num_rows), draw.integers(18, 91, num_rows)
    debt = np.where(draw.random(num_rows) < 0.4, 0.0, np.round(draw.gamma(2, 900, num_rows), 2))
    debt[np.arange(num_rows) % 10 == 3] = np.nan
    days = draw.integers(18_000, 18_400, num_rows).astype("datetime64[D]")
    rich = age / 40 + city + draw.normal(0, 0.3, num_rows) > 2.5
    return pa.table({
        "id": pa.array([f"person-{seed}-{k}" for k in range(num_rows)]),
        "age": pa.array(age),
        "city": pa.array([CITIES[k] for k in city]),
        "debt": pa.array(debt, mask=np.isnan(debt)),
        "since": pa.array([str(day) for day in days]),
        "country": pa.array(["X"] * num_rows),
        "class": pa.array(np.where(rich, "rich", "poor").tolist()),
    })  # fmt: skip


def columns(given):
    return [tabletypes.column_of(name, given.column(name)) for name in given.column_names]


def split_of(given, name):
    part = Cells(given.drop_columns(["class"]))
    classes = np.array([("poor", "rich").index(text) for text in given.column("class").to_pylist()], np.int64)
    hashes = cells.digests(part, [column for column in part.names if column != "id"])
    return Split(inputs=part, targets=classes, ids=RowNames(f"{name}.csv", np.arange(len(part)) + 1), hashes=hashes)


def dataset(num_rows=300, *, labelled=True):
    """The table as a reader finds it, with its splits."""
    parts = {
        name: table(num, seed=k) for k, (name, num) in enumerate((("train", num_rows), ("valid", 80), ("test", 80)))
    }
    splits = {name: split_of(part, name) for name, part in parts.items()}
    if not labelled:
        unknown = {name: np.full(len(part), -1) for name, part in splits.items()}
        splits = {n: Split(inputs=p.inputs, targets=unknown[n], ids=p.ids, hashes=p.hashes) for n, p in splits.items()}
    kept: tuple[TableColumn, ...] = tuple(column for column in columns(parts["train"]) if column.name != "class")
    return Dataset(
        name="people",
        source="people.csv",
        reader="tables",
        spec=Spec(input=Table(columns=kept), target=Label(classes=("poor", "rich")) if labelled else Density()),
        splits=splits,
        fingerprint="p",
        facts={"target": "class" if labelled else "", "names": list(parts["train"].column_names)},
    )


def prepared(tmp_path, *, wanted=Density, labelled=True, density=None, known=None):
    """The same as a family sees it, and what was fitted."""
    given = dataset(labelled=labelled)
    return prepare(given, TableConfig(), density or DensityConfig(), wanted, known, cache_dir=tmp_path)


def network(spec, *, train, seed=0):
    """A small network that is prepared on training rows."""
    torch.manual_seed(seed)
    made = RowVae(
        spec.input,
        spec.target,
        width=16,
        depth=2,
        num_latents=4,
        components=5,
        embedding=4,
        warmup=0.1,
        free_nats=0.0,
    )
    made.prepare(torch.from_numpy(np.asarray(train.inputs[0 : len(train)])))
    return made.eval()


def model(tmp_path, **about):
    """A finished model of people, and the data as it sees them."""
    made, facts = prepared(tmp_path, **about)
    module = anomaly if isinstance(made.spec.target, Normality) else generate
    found = Model(
        network=network(made.spec, train=made.splits["train"]),
        task=module.Task(module.Config(importance_samples=5), made.spec),
        spec=made.spec,
        preparation=facts,
        precision=Precision("fp32", CPU),
    )
    return found, made
