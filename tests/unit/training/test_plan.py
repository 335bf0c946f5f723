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


class TestTurns:
    """Three networks, four steps each."""

    def test_each_has_a_progress_of_its_own(self):
        plan = Progress(12, turns=3)
        assert [plan.turn_at(step) for step in range(13)] == [0] * 4 + [1] * 4 + [2] * 5
        assert [plan.within(step) for step in range(4)] == [0, 0.25, 0.5, 0.75]
        assert [plan.within(step) for step in (4, 7, 8, 12)] == [0, 0.75, 0, 1]
        assert plan.at(6) == 0.5
        assert plan.steps_within(5) == 4

    def test_a_refit_shortens_the_last_turn_alone(self):
        plan = Progress(12, [refit(2, 10)], turns=3)
        assert [plan.turn_at(step) for step in (3, 4, 8, 9)] == [0, 1, 2, 2]
        assert (plan.within(2), plan.within(8), plan.within(9), plan.within(10)) == (0.5, 0, 0.5, 1)
        assert plan.steps_within(8) == 2

    def test_a_refit_takes_turns_away_or_ends_the_one_that_is_on(self):
        assert Progress(12, [refit(2, 4)], turns=3).turn_at(3) == 0
        cut = Progress(12, [refit(5, 6)], turns=3)
        assert (cut.turn_at(5), cut.within(5), cut.within(6)) == (1, 0.5, 1)

    def test_between_two_turns_it_may_end_at_once(self):
        assert Progress(12, [refit(8, 8)], turns=3).steps == 8
        with pytest.raises(ValueError, match="cannot follow"):
            Progress(12, [refit(7, 7)], turns=3)
        with pytest.raises(ValueError, match="cannot follow"):
            Progress(12, [refit(8, 8)])

    @pytest.mark.parametrize(
        ("step", "wish", "steps"),
        [
            (2, 12, 12),
            (2, 11, 11),
            (2, 10, 10),
            (2, 9, 8),
            (2, 8, 8),
            (2, 5, 4),
            (2, 3, 3),
            (4, 5, 4),
            (5, 6, 6),
            (9, 99, 12),
        ],
    )
    def test_a_turn_that_would_be_short_is_left_out(self, step, wish, steps):
        assert Progress(12, turns=3).rounded(step, wish) == steps

    def test_one_network_takes_any_number_of_steps(self):
        assert Progress(12).rounded(2, 99) == 99

    def test_steps_are_shared_evenly(self):
        with pytest.raises(ValueError, match="10 steps cannot be shared evenly by 3 networks"):
            Progress(10, turns=3)


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
