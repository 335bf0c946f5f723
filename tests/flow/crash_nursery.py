"""A process that has imported everything once, and forks children that run ``gnomon`` and are killed.

It reads requests from its standard input and answers each with the child's exit code, one JSON object a line. Run as
``python crash_nursery.py FOLDER``. Importing torch takes seconds; a fork takes milliseconds.

A request: ``argv``; ``kill_after_s``: SIGKILL that long after the start; ``signals``: names of signals that the child
raises in itself when it enters ``at`` (``module:function``, or ``module:Class.method``) for the ``count``-th time;
``dies_in_s``: SIGKILL that long after then; ``fault``: the value of GNOMON_FAULT from then on.
"""

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

WARM = (
    "gnomon.api",
    "gnomon.sitting.starting",
    "gnomon.cli.shell.entry",
    "gnomon.cli.shell.display",
    "gnomon.outputs.report",
)


def main() -> None:
    """Answer requests until the input ends."""
    import torch

    torch.set_num_threads(1)  # threads do not survive a fork
    for name in WARM:
        importlib.import_module(name)
    from gnomon.training import machine

    machine.busy = lambda: False  # what is measured once is remembered, so that all children plan alike
    (Path(sys.argv[1]) / "log.txt").touch()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    started_s = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _run(request)
    timer = threading.Timer(request.get("kill_after_s", 120.0), os.kill, (pid, signal.SIGKILL))
    timer.start()
    _, status = os.waitpid(pid, 0)
    timer.cancel()
    timer.join()
    return {"code": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started_s}


def _run(request: dict[str, Any]) -> None:
    code = 99
    try:
        log = os.open(Path(sys.argv[1]) / "log.txt", os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        sys.stdin = io.StringIO()
        usual = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
            signal.SIGHUP: signal.SIG_DFL,
        }
        for number, handler in usual.items():
            signal.signal(number, handler)
        if "at" in request:
            named = ("at", "count", "signals", "dies_in_s", "fault")
            _strike(**{name: request[name] for name in named if name in request})
        from gnomon.cli import main as gnomon

        code = gnomon(request["argv"])
    except BaseException:  # noqa: BLE001 (a child must not return into the nursery)
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _strike(
    at: str,
    count: int = 1,
    signals: tuple[str, ...] = (),
    dies_in_s: float | None = None,
    fault: str | None = None,
) -> None:
    """Let something happen when a function is entered for the ``count``-th time."""
    module, _, path = at.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    real, entered = getattr(owner, name), 0

    def entering(*args: Any, **kwargs: Any) -> Any:
        nonlocal entered
        entered += 1
        if entered == count:
            if fault is not None:
                os.environ["GNOMON_FAULT"] = fault
            if dies_in_s is not None:
                threading.Timer(dies_in_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
            for word in signals:
                signal.raise_signal(signal.Signals[word])
        return real(*args, **kwargs)

    setattr(owner, name, entering)


if __name__ == "__main__":
    main()
