"""A small model of series, as it is and with usual windows remembered; and series with a season of 6 steps."""

from datetime import datetime, timedelta

import numpy as np
import torch

from gnomon import assemble
from gnomon.assemble import Model
from gnomon.core import plugins
from gnomon.core.spec import Dataset, Density, Normality, Series, Spec, Split
from gnomon.data.stretches import Picked, Stretches, covering, every
from gnomon.data.timetable import Stamps
from gnomon.layers.vae_series import SeriesVae, SeriesVaeConfig
from gnomon.outputs import tightening
from gnomon.training.precision import Precision

CPU = torch.device("cpu")
SERIES = Series(names=("load", "wind"), length=12, period=6, mean=(10.0, -1.0), deviation=(3.0, 0.5))
CONFIG = SeriesVaeConfig(over="dense", patch_steps=12, width=16, blocks=1, num_latents=3, components=5, warmup=0.0)
HOUR = 3_600_000_000


def rows(num_rows=120, *, seed=0):
    """Rows ``(time, 2)`` in units."""
    time = np.arange(num_rows)
    season = np.sin(2 * np.pi * time / 6)
    noise = np.random.default_rng(seed).normal(0, 0.1, (num_rows, 2))
    return (np.stack([10 + 3 * season, -1 - 0.5 * season], axis=1) + noise * [3, 0.5]).astype(np.float32)


def split(num_rows=120, *, seed=0, name="test"):
    """A split of windows: all of them where it is to be trained on, else side by side."""
    values = rows(num_rows, seed=seed)
    starts = every(num_rows, 12) if name == "train" else covering(num_rows, 12, 12)
    column = Stretches(values, length=12, starts=starts)
    stamps = Stamps(np.arange(num_rows) * HOUR, "date")
    hashes = np.arange(2 * len(column), dtype=np.uint64).view("V16")
    return Split(inputs=column, targets=np.full(len(column), -1, np.int64), ids=Picked(stamps, starts), hashes=hashes)


def dataset(target):
    """Windows of a series in three splits."""
    return Dataset(
        name="sensors",
        source="sensors.csv",
        reader="series_table",
        spec=Spec(input=SERIES, target=target),
        splits={name: split(seed=k, name=name) for k, name in enumerate(("train", "valid", "test"))},
        fingerprint="f",
    )


def network(target=None, *, series=SERIES, config=CONFIG):
    """An untrained network that began at training windows."""
    torch.manual_seed(0)
    made = SeriesVae(series, target or Density(), config)
    made.prepare(torch.from_numpy(split(name="train").inputs[np.arange(60)]))
    return made.eval()


def model(target=None, *, samples="rows"):
    """A model; of a `Normality`, one that remembers usual windows and knows how strange held-out rows are."""
    target = target or Normality()
    spec = Spec(input=SERIES, target=target)
    name = "anomaly" if isinstance(target, Normality) else "generate"
    task = assemble.make_task(name, plugins.load("task", name).Config(), spec)
    made = Model(
        network=network(target),
        task=task,
        spec=spec,
        precision=Precision("fp32", CPU),
        preparation={"kind": "density", "samples": samples, "learned": type(target).__name__},
    )
    tightening.memorise(made, split(name="train"))
    made, _ = tightening.accustomed(made, split(seed=1), should_stop=lambda: False)
    return made


def table(path, values=None, *, first=datetime(2026, 1, 1)):
    """Write rows as a table with times."""
    values = rows(60, seed=3) if values is None else values
    lines = ["time,load,wind"]
    lines += [f"{first + timedelta(hours=k)},{a:.4f},{b:.4f}" for k, (a, b) in enumerate(values.tolist())]
    path.write_text("\n".join(lines) + "\n")
    return path
