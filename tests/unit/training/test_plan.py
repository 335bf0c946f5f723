import json

import pytest

from gnomon.core.errors import ArtefactError
from gnomon.core.run import RunFolder
from gnomon.training.plan import PlanLog, Progress, Refit, size_at


def refit(at_step, steps):
    return Refit(at_step=at_step, steps=steps)


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


class TestProgress:
    def test_without_refits_it_is_step_by_steps(self):
        progress = Progress(4)
        assert [progress.at(step) for step in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
        assert progress.steps == 4

    def test_a_refit_moves_the_progress_of_later_steps_only(self):
        progress = Progress(10, [refit(4, 8), refit(6, 12)])
        assert progress.steps == 12
        assert [progress.at(step) for step in (0, 3, 4, 5, 6, 12)] == [0, 0.3, 0.5, 0.625, 0.5, 1]

    def test_refits_one_by_one_or_all_at_once_give_the_same(self):
        grown = Progress(10)
        grown.refit(refit(4, 8))
        grown.refit(refit(4, 20))
        assert [grown.at(s) for s in range(21)] == [Progress(10, [refit(4, 8), refit(4, 20)]).at(s) for s in range(21)]

    @pytest.mark.parametrize("wrong", [refit(3, 9), refit(5, 5), refit(5, 4)])
    def test_a_refit_that_cannot_be_is_refused(self, wrong):
        with pytest.raises(ValueError, match="cannot follow one at 4"):
            Progress(10, [refit(4, 8)]).refit(wrong)


@pytest.mark.parametrize(("progress", "size"), [(0, 16), (0.29, 16), (0.3, 24), (0.69, 24), (0.7, 32), (1, 32)])
def test_the_resolution_is_a_function_of_progress(progress, size):
    assert size_at(((0.0, 16), (0.3, 24), (0.7, 32)), progress) == size


class TestPlanLog:
    def test_what_is_written_is_read(self, run):
        log = PlanLog.start(run, {"steps": 100, "seed": 3})
        log.add("refit", at_step=10, steps=80)
        log.add("finish", step=80)
        read = PlanLog.read(run)
        assert dict(read.plan) == {"event": "plan", "steps": 100, "seed": 3}
        assert (
            read.events
            == log.events
            == [
                {"event": "refit", "at_step": 10, "steps": 80},
                {"event": "finish", "step": 80},
            ]
        )
        assert [json.loads(line)["event"] for line in run.plan.read_text().splitlines()] == ["plan", "refit", "finish"]

    def test_a_torn_last_line_is_passed_over(self, run):
        PlanLog.start(run, {"steps": 5}).add("refit", at_step=1, steps=6)
        with run.plan.open("a") as file:
            file.write('{"event": "refit", "at_st')
        assert PlanLog.read(run).refits() == [refit(1, 6)]

    @pytest.mark.parametrize("text", [None, "", '{"event": "refit", "at_step": 1, "steps": 2}\n'])
    def test_without_a_plan_there_is_nothing_to_read(self, run, text):
        if text is not None:
            run.plan.write_text(text)
        with pytest.raises(ArtefactError) as caught:
            PlanLog.read(run)
        assert caught.value.exit_code == 6

    @pytest.mark.parametrize("event", ["resume", "rollback"])
    def test_going_back_voids_the_refits_of_later_steps(self, run, event):
        log = PlanLog.start(run, {"steps": 100})
        for at_step, steps in ((10, 90), (20, 80), (30, 70)):
            log.add("refit", at_step=at_step, steps=steps)
        log.add(event, at_step=20)
        log.add("refit", at_step=25, steps=85)
        assert log.refits() == [refit(10, 90), refit(20, 80), refit(25, 85)]
        assert PlanLog.read(run).refits() == log.refits()
