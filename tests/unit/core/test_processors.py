"""core/processors.py: waiting threads sleep, where it is not too late and the user did not decide."""

import subprocess
import sys

import pytest

from gnomon.core.processors import wait_politely


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)


def test_threads_spin_for_a_short_time_only(no_torch):
    environment = {"PATH": "/bin"}
    assert wait_politely(environment)
    assert environment == {"PATH": "/bin", "GOMP_SPINCOUNT": "1000"}


@pytest.mark.parametrize("decided", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": ""}])
def test_what_the_user_decided_stays(no_torch, decided):
    environment = dict(decided)
    assert not wait_politely(environment)
    assert environment == decided


def test_after_torch_is_loaded_it_is_too_late(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", object())
    environment = {}
    assert not wait_politely(environment)
    assert environment == {}


def test_it_speaks_of_this_process_unless_told(no_torch):
    use = "from gnomon.core.processors import wait_politely as wait"
    code = f"import os; {use}; print(wait(), os.environ['GOMP_SPINCOUNT'])"
    clean = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean)
    assert done.stdout == "True 1000\n"
