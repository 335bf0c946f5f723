"""training/pace.py, with clocks made by hand: thousands of steps, no torch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.training.pace import Pace
from gnomon.training.plan import Progress, Refit, size_at

ONE = ((0.0, 8),)
THREE = ((0.0, 16), (0.3, 24), (0.7, 32))


def pace_for(steps, phases=ONE, step_s=None, deadline_s=100.0, turns=1, **more):
    return Pace(Progress(steps, turns=turns), phases, step_s or {8: 0.1}, deadline_s=deadline_s, **more)


def simulate(pace, cost_s, *, phases=ONE, checked_every_s=0.25):
    """Train with steps that cost ``cost_s(elapsed_s, size)``; return the seconds, the steps and all re-fits."""
    elapsed_s, step, checked_s, refits = 0.0, 0, -1e9, []
    while step < pace.progress.steps:
        size = size_at(phases, pace.progress.at(step))
        seconds = cost_s(elapsed_s, size)
        elapsed_s += seconds
        step += 1
        pace.observe(size, seconds)
        if elapsed_s - checked_s >= checked_every_s:
            checked_s = elapsed_s
            refit = pace.proposal(step, elapsed_s)
            if refit is not None:
                assert refit.at_step == step
                assert refit.steps > step
                pace.progress.refit(refit)
                refits.append(refit)
        assert step < 1_000_000
    return elapsed_s, step, refits


class TestLanding:
    def test_a_plan_that_holds_is_left_alone(self):
        elapsed_s, steps, refits = simulate(pace_for(1000), lambda now, size: 0.1)
        assert (round(elapsed_s, 6), steps, refits) == (100.0, 1000, [])

    def test_steps_that_get_twice_as_slow_midway(self):
        elapsed_s, steps, refits = simulate(pace_for(1000), lambda now, size: 0.1 if now < 50 else 0.2)
        assert elapsed_s == pytest.approx(100, abs=0.25)
        assert steps == pytest.approx(750, abs=3)
        assert refits

    def test_steps_that_get_twice_as_fast_midway_fill_the_time(self):
        elapsed_s, steps, _ = simulate(pace_for(1000), lambda now, size: 0.1 if now < 50 else 0.05)
        assert elapsed_s == pytest.approx(100, abs=0.2)
        assert steps == pytest.approx(1500, abs=5)

    def test_what_is_long_enough_is_shortened_but_never_lengthened(self):
        elapsed_s, steps, refits = simulate(pace_for(500, lengthens=False), lambda now, size: 0.1)
        assert (round(elapsed_s, 6), steps, refits) == (50.0, 500, [])
        elapsed_s, steps, _ = simulate(pace_for(500, lengthens=False), lambda now, size: 0.3)
        assert elapsed_s == pytest.approx(100, abs=0.5)
        assert steps == pytest.approx(333, abs=2)

    def test_shortened_in_a_slow_moment_it_grows_to_what_was_planned(self):
        _, steps, refits = simulate(pace_for(900, lengthens=False), lambda now, size: 0.2 if now < 20 else 0.06)
        assert min(refit.steps for refit in refits) < 900
        assert steps == 900

    @pytest.mark.parametrize(
        ("factor", "wanted"), [(0.5, 1000), (1.0, 1000), (1.12, 893), (1.5, 667), (1.9, 500), (6.0, 167)]
    )
    def test_networks_in_turns_end_on_time(self, factor, wanted):
        """Four of 250 steps each: the last is shortened, or left out where less than half of it were to be made."""
        elapsed_s, steps, _ = simulate(pace_for(1000, turns=4, lengthens=False), lambda now, size: 0.1 * factor)
        assert steps == pytest.approx(wanted, abs=6)
        assert elapsed_s <= 100.5
        rest = steps % 250
        assert rest == 0 or rest >= 125 or steps < 250

    @pytest.mark.parametrize("factor", [0.1, 0.5, 0.9, 1.1, 2.0, 10.0])
    def test_a_plan_that_was_measured_wrongly(self, factor):
        elapsed_s, steps, _ = simulate(pace_for(1000), lambda now, size: 0.1 * factor)
        assert elapsed_s == pytest.approx(100, abs=max(0.2, 0.06 * factor))
        assert steps == pytest.approx(1000 / factor, rel=0.01)

    @pytest.mark.parametrize("factor", [0.5, 1.0, 1.7])
    def test_resolutions_that_cost_more_each(self, factor):
        planned = {16: 0.03, 24: 0.06, 32: 0.1}
        mean_s = 0.3 * 0.03 + 0.4 * 0.06 + 0.3 * 0.1
        pace = pace_for(round(100 / mean_s), THREE, planned)
        elapsed_s, steps, _ = simulate(pace, lambda now, size: planned[size] * factor, phases=THREE)
        assert elapsed_s == pytest.approx(100, abs=0.25)
        assert steps == pytest.approx(100 / mean_s / factor, rel=0.02)

    def test_the_cost_of_a_later_resolution_was_underestimated(self):
        pace = pace_for(1587, THREE, {16: 0.03, 24: 0.06, 32: 0.1})
        elapsed_s, _, _ = simulate(pace, lambda now, size: {16: 0.03, 24: 0.06, 32: 0.25}[size], phases=THREE)
        assert elapsed_s == pytest.approx(100, abs=0.4)

    def test_a_machine_that_speeds_up_near_the_end_is_not_left_idle(self):
        elapsed_s, _, _ = simulate(pace_for(1000), lambda now, size: 0.1 if now < 95 else 0.02)
        assert 99 <= elapsed_s <= 100.2

    def test_a_pause_costs_steps_and_not_the_appointment(self):
        paused = []

        def cost_s(now, size):
            if now > 40 and not paused:
                paused.append(now)
                return 20.0
            return 0.1

        elapsed_s, steps, _ = simulate(pace_for(1000), cost_s)
        assert elapsed_s == pytest.approx(100, abs=0.3)
        assert steps == pytest.approx(800, rel=0.02)

    def test_a_pause_beyond_the_deadline_ends_the_training_after_one_more_step(self):
        elapsed_s, steps, _ = simulate(pace_for(1000), lambda now, size: 500.0)
        assert (elapsed_s, steps) == (1000.0, 2)

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.floats(0.3, 3.0), min_size=1, max_size=5), st.floats(0.5, 2.0))
    def test_whatever_the_machine_does_the_end_is_near_the_deadline(self, speeds, planned_wrong):
        def cost_s(now, size):
            return 0.05 * speeds[min(len(speeds) - 1, int(now / 40 * len(speeds)))]

        pace = pace_for(round(40 / 0.05 / planned_wrong), ONE, {8: 0.05 * planned_wrong}, deadline_s=40)
        elapsed_s, _, _ = simulate(pace, cost_s)
        assert elapsed_s == pytest.approx(40, abs=0.6)

    def test_a_rewound_training_still_lands(self):
        pace = pace_for(1000)
        for _ in range(300):
            pace.observe(8, 0.1)
        pace.progress.refit(Refit(at_step=200, steps=900))
        pace.rewind([], steps=1000)
        assert pace.progress.steps == 1000
        assert pace.proposal(100, 30.0) == Refit(at_step=100, steps=800)


class TestProposal:
    def test_without_a_deadline_there_is_none(self):
        assert pace_for(1000, deadline_s=None).proposal(10, 1e9) is None

    def test_after_the_last_step_there_is_none(self):
        assert pace_for(1000).proposal(1000, 10.0) is None

    def test_a_small_miss_is_forgiven(self):
        assert pace_for(1000).proposal(500, 50.1) is None
        assert pace_for(1000).proposal(500, 51.0) == Refit(at_step=500, steps=990)

    def test_seconds_for_other_work_are_kept_back(self):
        assert pace_for(1000).proposal(500, 50.0, also_s=10.0) == Refit(at_step=500, steps=900)

    @given(st.integers(0, 999), st.floats(0, 1e6))
    def test_the_end_is_never_now_or_before(self, step, elapsed_s):
        refit = pace_for(1000).proposal(step, elapsed_s)
        assert refit is None or refit.steps > step

    def test_without_any_knowledge_of_costs_nothing_is_proposed(self):
        assert Pace(Progress(10), ONE, {}, deadline_s=1.0).proposal(2, 100.0) is None


class TestForecast:
    def test_planned_costs_hold_until_three_steps_were_seen(self):
        pace = pace_for(100)
        for seconds, known_s in ((0.2, 0.1), (0.2, 0.1), (0.2, 0.2)):
            pace.observe(8, seconds)
            assert pace.step_s(8) == pytest.approx(known_s)
        assert pace.drift == pytest.approx(2.0)
        assert pace.left_s(40) == pytest.approx(12.0)

    def test_a_drift_holds_for_resolutions_to_come(self):
        pace = pace_for(100, THREE, {16: 0.1, 24: 0.2, 32: 0.4})
        for _ in range(3):
            pace.observe(16, 0.15)
        assert pace.step_s(32) == pytest.approx(0.6)

    def test_the_mean_is_over_what_is_left(self):
        pace = pace_for(100, THREE, {16: 0.1, 24: 0.2, 32: 0.4})
        assert pace.mean_step_s(0.0) == pytest.approx(0.3 * 0.1 + 0.4 * 0.2 + 0.3 * 0.4)
        assert pace.mean_step_s(0.5) == pytest.approx((0.2 * 0.2 + 0.3 * 0.4) / 0.5)
        assert pace.mean_step_s(1.0) == pytest.approx(0.4)

    def test_one_slow_moment_bends_the_forecast_little(self):
        pace = pace_for(1000, ONE, {8: 0.01})
        for _ in range(500):
            pace.observe(8, 0.01)
        pace.observe(8, 0.5)
        assert pace.step_s(8) < 0.012
