"""A place to train in, and trainings that many tests look at and none changes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of this session's own, in which the machine is known to do best with one thread.

    So nothing is measured, and two test processes on two cores do not wait for each other's threads.
    """
    import torch

    from gnomon.training import machine

    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "busy", lambda: False)
        patch.setattr(machine, "_measure", lambda *what: replace(machine._unmeasured(*what), threads=1))
        machine.know(torch.device("cpu"), cache=folder, may_measure=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNOMON_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def trained(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on digits, 60 steps; whoever changes it takes ``copied`` instead."""
    from gnomon import api

    return api.train("digits", budget="60steps", out=str(tmp_path_factory.mktemp("runs") / "trained")).path


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "copied"))


@pytest.fixture
def gnomon_process(cache: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``python -m gnomon`` with some words in a process of its own, in an empty folder."""

    def run(*words: str, cwd: Path = tmp_path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gnomon", *words],
            cwd=cwd,
            env={**os.environ, "GNOMON_CACHE": str(cache), **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
