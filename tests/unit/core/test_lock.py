"""core/lock.py: one trainer a run folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from gnomon.core import files, lock
from gnomon.core.errors import ResourceError
from gnomon.core.events import Said
from gnomon.core.lock import Holder, RunLock, holder
from gnomon.core.run import RunFolder


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder(tmp_path)


def held_by(run: RunFolder, **changed) -> None:
    mine = {"pid": os.getpid(), "host": socket.gethostname(), "born": lock._born(os.getpid()), "since": "then"}
    files.write_json(run.lock, mine | changed)


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_it_is_there_inside_the_block_only(run):
    with RunLock(run):
        found = holder(run.lock)
        assert (found.pid, found.host) == (os.getpid(), socket.gethostname())
        assert found.may_live()
    assert not run.lock.exists()
    assert holder(run.lock) is None


def test_it_goes_when_the_block_raises(run):
    with pytest.raises(KeyError), RunLock(run):
        raise KeyError
    assert not run.lock.exists()


def test_a_second_trainer_is_refused_and_told_by_whom(run):
    with RunLock(run):
        with pytest.raises(ResourceError) as caught, RunLock(run):
            pass
        since = holder(run.lock).since
        assert caught.value.what == f"in use by process {os.getpid()} on {socket.gethostname()} since {since}"
        assert caught.value.fix == f"wait for it, or stop it: kill {os.getpid()}"
        assert caught.value.exit_code == 4
        assert holder(run.lock).pid == os.getpid()


def test_another_process_is_refused_while_this_one_lives(run, in_child):
    def try_it():
        with RunLock(run):
            pass

    with RunLock(run):
        assert in_child(try_it) == ResourceError.exit_code
    assert in_child(try_it) == 0


def test_the_lock_of_a_killed_trainer_is_taken_over_and_said_so(run, in_child):
    def die_inside():
        with RunLock(run):
            (run.path / ".gnomon-7-abc.tmp").write_text("half a file")
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die_inside) == -signal.SIGKILL
    dead = holder(run.lock)
    said = []
    with RunLock(run, emit=said.append):
        assert holder(run.lock).pid == os.getpid()
        assert not (run.path / ".gnomon-7-abc.tmp").exists()
    assert said == [
        Said(
            text=f"taking over from process {dead.pid}, which held this run since {dead.since} and is gone",
            level="warning",
        )
    ]


def test_a_dead_trainer_whose_number_was_given_to_another_process(run):
    held_by(run, born="another boot:123")
    with RunLock(run):
        assert holder(run.lock).born == lock._born(os.getpid())


def test_a_trainer_that_has_ended_but_was_not_waited_for_is_dead():
    child = subprocess.Popen([sys.executable, "-c", ""])
    born = lock._born(child.pid)
    assert born
    while lock._born(child.pid) == born:
        time.sleep(0.01)
    assert lock._born(child.pid) == ""
    child.wait()


def test_another_hosts_lock_is_believed(run):
    held_by(run, host="elsewhere", pid=dead_pid())
    with pytest.raises(ResourceError, match="on elsewhere since then") as caught, RunLock(run):
        pass
    assert caught.value.fix == "wait for it; if that process is surely gone, remove lock.json from the run folder"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_lock_that_cannot_be_read_holds_nobody(run, text):
    run.lock.write_text(text)
    assert holder(run.lock) is None
    with RunLock(run):
        assert holder(run.lock).pid == os.getpid()


def test_a_forked_child_does_not_give_its_parents_lock_back(run, in_child):
    taken = RunLock(run)
    with taken:
        assert in_child(lambda: taken.__exit__(None, None, None)) == 0
        assert run.lock.exists()


def test_a_lock_that_somebody_else_took_since_is_left_to_them(run):
    with RunLock(run):
        held_by(run, pid=os.getpid(), since="later")
    assert json.loads(run.lock.read_text())["since"] == "later"


def test_of_many_that_come_at_once_one_gets_it(run):
    held_by(run, pid=dead_pid(), born="long ago")
    go, done = run.path / "go", run.path / "done"
    children = []
    for _ in range(6):
        pid = os.fork()
        if pid == 0:
            os._exit(contend(run, go, done))
        children.append(pid)
    go.touch()
    won, refused = 0, 0
    for _ in children:
        _, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        won += code == 0
        refused += code == 4
        if refused == len(children) - 1:
            done.touch()
    assert (won, refused) == (1, 5)


def contend(run, go, done) -> int:
    wait_for(go)
    try:
        with RunLock(run):
            wait_for(done)
            return 0
    except ResourceError as error:
        return error.exit_code


def wait_for(path) -> None:
    deadline_s = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline_s:
        time.sleep(0.005)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ResourceError, match="No such file or directory"), RunLock(RunFolder(tmp_path / "none")):
        pass


def test_without_proc_a_living_process_is_known_by_its_number(monkeypatch, tmp_path):
    class NoProc(type(tmp_path)):
        def __new__(cls, *parts):
            return type(tmp_path)(str(parts[0]).replace("/proc", str(tmp_path / "none")))

    monkeypatch.setattr(lock, "Path", NoProc)
    assert lock._born(os.getpid()) == "alive"
    assert lock._born(1) == "alive"
    assert lock._born(dead_pid()) == ""


def test_a_holder_of_this_host_lives_while_its_birth_agrees():
    born = lock._born(os.getpid())
    here = Holder(pid=os.getpid(), host=socket.gethostname(), born=born, since="now")
    assert here.may_live()
    assert not Holder(pid=os.getpid(), host=here.host, born=born + "0", since="now").may_live()
