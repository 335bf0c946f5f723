"""Fixtures of the unit tests."""

import os
import traceback
import warnings
from collections.abc import Callable

import pytest

from gnomon.core.errors import GnomonError


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], int]:
    """Run something in a forked process; returns its exit code: 0, a GnomonError's, 99 for a bug, -9 if killed."""

    def run(action: Callable[[], object]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads at a fork
            pid = os.fork()
        if pid == 0:
            _run_and_exit(action)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return run


def _run_and_exit(action: Callable[[], object]) -> None:
    code = 99
    try:
        action()
        code = 0
    except GnomonError as error:
        code = error.exit_code
    except BaseException:  # noqa: BLE001 (this process must not return into pytest)
        traceback.print_exc()
    finally:
        os._exit(code)
