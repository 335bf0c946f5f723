"""The portrait of a model of series: drawn stretches beside real ones."""

import json

import numpy as np
import pytest
from small_stretches import dataset, model

from gnomon.core.run import RunFolder
from gnomon.core.spec import Density, Image, Normality, Spec
from gnomon.outputs import seriesportrait
from gnomon.outputs.panels import read_panels


def test_it_is_kept_as_json_in_the_run_folder(tmp_path):
    run = RunFolder(tmp_path)
    for target in (Density(), Normality()):
        seriesportrait.write(model(target), dataset(target), run, seed=0)
        found = json.loads(run.portrait_facts.read_text())
        assert found["kind"] == "Series"
        assert found["split"] == "test"
        assert np.shape(found["drawn"]) == (seriesportrait.SHOWN, 2, 12)
        assert np.shape(found["rebuilt"]) == np.shape(found["given"])
        assert [one["name"] for one in found["beside"]] == ["load", "wind"]
        assert found["correlations"]["pairs"] == 1
    assert read_panels(run) == ({}, {})  # no pictures


def test_it_is_for_series_alone():
    assert seriesportrait.fits(dataset(Density()).spec)
    assert not seriesportrait.fits(Spec(input=Image(height_px=4, width_px=4, channels=1), target=Density()))


def test_autocorrelation_of_a_swing_and_of_noise():
    time = np.arange(40)
    swing = np.stack([np.sin(2 * np.pi * (time + k) / 8) for k in range(8)])
    found = seriesportrait.autocorrelation(swing)
    assert found[0] == pytest.approx(1.0)
    assert found[8] == pytest.approx(1.0, abs=0.05)
    assert found[4] == pytest.approx(-1.0, abs=0.05)
    noise = np.random.default_rng(0).normal(size=(300, 40))
    assert abs(seriesportrait.autocorrelation(noise)[1]) < 0.05


def test_the_spectrum_of_a_swing_has_its_peak_there():
    time = np.arange(64)
    swing = np.sin(2 * np.pi * time / 8)[None]
    assert seriesportrait.spectrum(swing, 1.0).argmax() + 1 == 8
