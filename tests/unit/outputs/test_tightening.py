"""Many draws for some samples, and what a model is accustomed to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_kinds import CPU, KINDS

from gnomon.assemble import Model
from gnomon.core import bounds
from gnomon.core.spec import Normality
from gnomon.families import vae
from gnomon.outputs import tightening
from gnomon.tasks import anomaly, generate
from gnomon.training.precision import Precision


def model(kind, *, draws=20, num=5):
    torch.manual_seed(0)
    network = vae.build(vae.Config(widths=(8, 8), latents=(2, 4), groups=(1,), patch_px=2), kind.spec)
    network.prepare(kind.batch(12).inputs)
    module = anomaly if isinstance(kind.spec.target, Normality) else generate
    task = module.Task(module.Config(importance_samples=draws), kind.spec)
    return Model(
        network=network.eval(),
        task=task,
        spec=kind.spec,
        precision=Precision("fp32", CPU),
        size_px=8,
        num_tightened=num,
    )


def kind_named(name):
    return next(kind for kind in KINDS if kind.name == name)


def test_some_samples_have_a_bound_of_many_draws():
    kind = kind_named("drawings to draw")
    one, split = model(kind), kind.split(12)
    kept = tightening.outputs(one, split)
    found = tightening.tightened(one, split, kept)
    many = found[:, bounds.DRAWS] == 20
    assert many.sum() == 5
    assert many[0]
    assert many[-1]
    assert (found[many, bounds.VARIANCE] > 0).all()
    assert np.array_equal(found[~many], kept[~many])
    assert np.array_equal(tightening.tightened(one, split, kept), found)


def test_without_draws_or_samples_nothing_changes():
    kind = kind_named("drawings to draw")
    kept = tightening.outputs(model(kind), kind.split(6))
    for one in (model(kind, draws=1), model(kind, num=0)):
        assert np.array_equal(tightening.tightened(one, kind.split(6), kept), kept)


def test_a_model_learns_what_it_is_accustomed_to():
    kind = kind_named("drawings to know")
    one = model(kind)
    tightening.memorise(one, kind.split(40))
    accustomed, kept = tightening.accustomed(one, kind.split(20, seed=1), should_stop=lambda: False)
    assert len(accustomed.held_out) == 20
    assert list(accustomed.held_out) == sorted(kept[:, bounds.STRANGENESS])
    assert one.task.held_out == accustomed.held_out
    assert [int(view.count) for view in one.network.familiarity.views] == [40] * 4
    assert abs(np.mean(accustomed.held_out)) < 1


def strangeness(one, split):
    return tightening.outputs(one, split)[:, bounds.STRANGENESS]


def test_what_a_network_cannot_rebuild_counts_where_pictures_are_told():
    kind = kind_named("drawings to know")
    one, split = model(kind), kind.split(10, seed=2)
    assert not strangeness(one, split).any()  # nothing is remembered yet
    tightening.memorise(one, kind.split(40))
    before = strangeness(one, split)
    assert one.network.familiarity.slope > 0
    one.network.familiarity.slope.zero_()
    assert not np.allclose(strangeness(one, split), before)


@pytest.mark.parametrize("name", ["rows to know", "windows to know"])
def test_held_out_samples_say_what_is_usual(name):
    kind = kind_named(name)
    one, split = model(kind), kind.split(10, seed=2)
    of_bound = strangeness(one, split)
    tightening.memorise(one, kind.split(40))
    trained = strangeness(one, split)
    later = kind.split(30, seed=1)
    inputs = np.asarray(later.inputs[np.arange(30)]).copy()
    if name == "rows to know":
        inputs[:, : len(kind.spec.input.numbers)] *= 3  # the rest are codes
    else:
        inputs *= 3
    tightening.accustomed(one, replace(later, inputs=inputs), should_stop=lambda: False)
    assert not np.allclose(of_bound, trained)
    assert strangeness(one, split).mean() < trained.mean()


def test_remembering_takes_time_where_anomalies_are_told():
    known, drawn = (kind_named(name).spec for name in ("drawings to know", "drawings to draw"))
    many, few = {"num_train": 8000, "num_measured": 12_000}, {"num_train": 100, "num_measured": 100}
    assert tightening.remembering_s(known, look_s=0.0, **many) == pytest.approx(1 + 2.4 * 4)  # views
    assert tightening.remembering_s(known, look_s=1e-3, **many) == pytest.approx(1 + 2.4 * 4 + 18.45)
    assert tightening.remembering_s(known, look_s=0.0, **few) < 1.002
    assert tightening.remembering_s(drawn, look_s=1e-3, **many) == 0.0
    rows = kind_named("rows to know").spec
    assert tightening.remembering_s(rows, look_s=1e-3, **many) == pytest.approx(2.4 + 20)


def test_how_many_samples_there_is_time_for():
    spec = kind_named("drawings to draw").spec
    count = {"count": 1000, "look_s": 1e-4}
    assert tightening.samples_for(spec, draws=500, seconds=600.0, **count) == 600
    assert tightening.samples_for(spec, draws=500, seconds=6000.0, **count) == 1000
    assert tightening.samples_for(spec, draws=500, seconds=None, **count) == 50
    assert tightening.samples_for(spec, draws=1, seconds=600.0, **count) == 0
    assert tightening.samples_for(kind_named("pictures").spec, draws=500, seconds=600.0, **count) == 0
