"""core/events.py: what a verb tells whoever watches."""

import dataclasses
import typing

import pytest

from gnomon.core import events
from gnomon.core.events import Finished, Planned, Said, Stepped, Worked

EVENTS = [
    Said(text="found 3 classes"),
    Worked(what="decoding", done=1, total=2),
    Planned(plan={"steps": 3}),
    Stepped(
        step=1,
        steps=2,
        progress=0.5,
        loss=None,
        valid={},
        lr=0.1,
        samples_per_s=10.0,
        elapsed_s=1.0,
        left_s=1.0,
    ),
    Finished(result={"run": "runs/a"}),
]


def test_these_are_all_kinds_of_events():
    assert {type(event) for event in EVENTS} == set(typing.get_args(events.Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_cannot_be_changed_by_one_watcher_under_another(event):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, dataclasses.fields(event)[0].name, "other")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_silent_watcher_takes_everything(event):
    assert events.silent(event) is None


def test_what_is_said_is_plain_information_unless_told():
    assert Said(text="x").level == "info"
    assert Worked(what="x", done=0, total=1).unit == "samples"
