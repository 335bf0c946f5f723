import pytest
import torch

from gnomon.core.errors import ReproducibilityError, UsageError, noted_run
from gnomon.core.events import silent
from gnomon.core.run import RunFolder, read_lines
from gnomon.core.signals import StopFlag
from gnomon.sitting import starting


def test_a_run_folder_describes_its_sitting(trained):
    with StopFlag() as stop:
        sitting = starting.reopened(RunFolder(trained), stop, silent, accept_changed_data=False)
    assert sitting.choice.run.family == "cnn"
    assert sitting.budget.text == "60steps"
    assert set(sitting.dataset.splits) == {"train", "valid", "test"}
    assert sitting.train is sitting.dataset.splits["train"]
    assert torch.get_num_threads() == next(read_lines(RunFolder(trained).plan))["threads"]


def test_a_finished_run_is_not_resumed(copied):
    with StopFlag() as stop, pytest.raises(UsageError, match="nothing to resume"):
        starting.resume(
            RunFolder(copied), budget=None, accept_changed_data=False, already_s=0.0, stop=stop, emit=silent
        )


@pytest.mark.parametrize(
    ("event", "error", "what"),
    [("finish", UsageError, "not finished"), ("rollback", ReproducibilityError, "went back to a checkpoint")],
)
def test_what_cannot_be_replayed_is_refused(copied, tmp_path, event, error, what):
    plan = RunFolder(copied).plan
    lines = plan.read_text().splitlines(keepends=True)
    if event == "finish":
        lines = lines[:1]
    else:
        lines.append('{"event": "rollback", "at_step": 3}\n')
    plan.write_text("".join(lines))
    with StopFlag() as stop, pytest.raises(error, match=what):
        starting.replay(RunFolder(copied), out=str(tmp_path / "again"), stop=stop, emit=silent)
    assert not (tmp_path / "again").exists()


def test_an_unexpected_error_knows_its_run(tmp_path):
    with pytest.raises(RuntimeError) as caught, starting.noting(RunFolder(tmp_path)):
        raise RuntimeError("ours")
    assert noted_run(caught.value) == str(tmp_path)
