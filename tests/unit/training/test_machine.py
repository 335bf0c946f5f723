import dataclasses
import json
import os

import pytest
import torch

from gnomon.core.training import TrainConfig
from gnomon.training import machine
from gnomon.training.machine import Machine

CPU = torch.device("cpu")


@pytest.fixture
def measurements(monkeypatch):
    """Measure for real, but little, and count how often."""
    counted = []
    real = machine._measure

    def measure(device, name):
        counted.append(name)
        return real(device, name)

    monkeypatch.setattr(machine, "_PROBE_BATCH", 2)
    monkeypatch.setattr(machine, "_ROUNDS", 1)
    monkeypatch.setattr(machine, "busy", lambda: False)
    monkeypatch.setattr(machine, "_measure", measure)
    return counted


def remembered(cache):
    return list((cache / "machines").glob("*.json")) if (cache / "machines").exists() else []


def test_what_is_measured_is_remembered(tmp_path, measurements):
    threads = torch.get_num_threads()
    first = machine.know(CPU, cache=tmp_path, may_measure=True)
    assert torch.get_num_threads() == threads
    assert first.device == "cpu"
    assert first.precision in {"fp32", "bf16"}
    assert 1 <= first.threads <= machine.cores()
    assert {"fp32", "fp32, plain memory format", "bf16"} <= set(first.measured)
    assert first.flop_per_s in first.measured.values()
    assert first.flop_per_s > 1e6
    assert first.memory_bytes > 1e8
    assert machine.know(CPU, cache=tmp_path, may_measure=True) == first
    assert machine.know(CPU, cache=tmp_path, may_measure=False) == first
    assert len(measurements) == 1
    (file,) = remembered(tmp_path)
    assert json.loads(file.read_text()) == dataclasses.asdict(first)


def test_the_remembered_file_is_what_is_read(tmp_path, measurements):
    machine.know(CPU, cache=tmp_path, may_measure=True)
    (file,) = remembered(tmp_path)
    file.write_text(json.dumps({**json.loads(file.read_text()), "flop_per_s": 123.0}))
    assert machine.know(CPU, cache=tmp_path, may_measure=True).flop_per_s == 123.0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"device": "cpu"}', '{"device": 5}', "\x00\xff"])
def test_a_damaged_file_is_measured_anew_and_replaced(tmp_path, measurements, text):
    first = machine.know(CPU, cache=tmp_path, may_measure=True)
    (file,) = remembered(tmp_path)
    file.write_text(text)
    again = machine.know(CPU, cache=tmp_path, may_measure=True)
    assert len(measurements) == 2
    assert again.name == first.name
    assert json.loads(file.read_text()) == dataclasses.asdict(again)


def test_a_busy_machine_is_measured_but_not_remembered(tmp_path, measurements, monkeypatch):
    monkeypatch.setattr(machine, "busy", lambda: True)
    assert machine.know(CPU, cache=tmp_path, may_measure=True).measured
    assert remembered(tmp_path) == []
    machine.know(CPU, cache=tmp_path, may_measure=True)
    assert len(measurements) == 2


def test_where_there_is_no_time_to_measure_nothing_is_remembered(tmp_path, measurements):
    known = machine.know(CPU, cache=tmp_path, may_measure=False)
    assert (known.precision, known.channels_last, known.threads) == ("fp32", True, machine.cores())
    assert known.measured == {}
    assert remembered(tmp_path) == []
    assert measurements == []


def test_another_torch_or_processor_is_another_machine(tmp_path, measurements, monkeypatch):
    machine.know(CPU, cache=tmp_path, may_measure=True)
    monkeypatch.setattr(machine, "processor", lambda: "another one")
    assert machine.know(CPU, cache=tmp_path, may_measure=True).name == "another one"
    assert len(remembered(tmp_path)) == 2


@pytest.mark.parametrize(("load", "cores", "busy"), [(0.0, 2, False), (1.1, 2, False), (1.3, 2, True), (1.3, 8, False)])
def test_busy_is_a_high_load_per_core(monkeypatch, load, cores, busy):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 9.0, 9.0))
    monkeypatch.setattr(machine, "cores", lambda: cores)
    assert machine.busy() is busy


@pytest.mark.parametrize(
    ("measured", "best"),
    [
        ({"fp32": 10.0, "bf16": 11.0}, "bf16"),
        ({"fp32": 10.0, "fp32, plain memory format": 9.0}, "fp32"),
        ({"fp32": 10.0, "fp32, 1 threads": 14.0}, "fp32"),
        ({"fp32": 10.0, "fp32, 1 threads": 16.0}, "fp32, 1 threads"),
    ],
)
def test_the_fastest_wins_and_fewer_threads_must_win_clearly(measured, best):
    assert machine._choice(measured) == best


def test_a_hopeless_variant_is_timed_once(monkeypatch):
    seconds = {"fp32": 1.0, "bf16": 50.0}
    timed = []

    def probe(device, choice):
        return (lambda: None), 1e9

    def timed_with(step, device, choice):
        timed.append(choice["precision"])
        return seconds[choice["precision"]] * choice["threads"]

    monkeypatch.setattr(machine, "cores", lambda: 1)
    monkeypatch.setattr(machine, "_probe", probe)
    monkeypatch.setattr(machine, "_timed_with", timed_with)
    found = machine._measure(CPU, "a processor")
    assert timed.count("bf16") == 2  # to warm up, and once
    assert timed.count("fp32") == 2 * (1 + machine._ROUNDS)
    assert (found.precision, found.flop_per_s) == ("fp32", 1e9)
    assert found.measured == {"fp32": 1e9, "fp32, plain memory format": 1e9, "bf16": 2e7}


def test_one_core_tries_no_fewer_threads(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 1)
    assert set(machine._variants(machine._unmeasured(CPU, "x"))) == {"fp32", "fp32, plain memory format", "bf16"}
    monkeypatch.setattr(machine, "cores", lambda: 8)
    halves = machine._variants(machine._unmeasured(CPU, "x"))
    assert halves["fp32, 4 threads"] == {"precision": "fp32", "channels_last": True, "threads": 4}


def test_the_users_device_counts():
    assert machine.choose_device(TrainConfig(device="cpu")) == CPU
    assert machine.choose_device(TrainConfig(device="cuda:1")) == torch.device("cuda:1")
    assert machine.choose_device(TrainConfig()).type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_what_families_need_to_know():
    known = Machine(
        device="cpu",
        name="x",
        threads=2,
        precision="fp32",
        channels_last=True,
        flop_per_s=5.0,
        memory_bytes=7,
        measured={},
    )
    speed = known.speed()
    assert (speed.flop_per_s, speed.device, speed.memory_bytes) == (5.0, "cpu", 7)


def test_the_processor_has_a_name():
    assert machine.processor().strip()
