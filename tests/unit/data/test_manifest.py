import json
from dataclasses import replace

import numpy as np
import pytest

from gnomon.core.errors import ArtefactError, DataError
from gnomon.core.spec import Dataset, Image, Label, Skipped, Spec, Split
from gnomon.data.audit import audit
from gnomon.data.manifest import data_json, restore
from gnomon.data.split import join, split

IMAGE = Image(height_px=1, width_px=1, channels=1)


def part(names, contents=None):
    n = len(names)
    words = np.zeros((n, 2), np.uint64)
    words[:, 0] = [hash_of(name) for name in names] if contents is None else contents
    return Split(
        inputs=np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1),
        targets=np.array([len(name) % 2 for name in names], dtype=np.int64),
        ids=np.array(names, dtype=object),
        hashes=words.view("V16").ravel(),
    )


def hash_of(name):
    return int.from_bytes(name.encode("utf-8", "surrogateescape")[-8:], "little")


def dataset(fingerprint="f0", classes=("even", "odd"), **splits):
    return Dataset(
        name="pets",
        source="pets",
        reader="image_folder",
        spec=Spec(input=IMAGE, target=Label(classes=classes)),
        splits=splits,
        fingerprint=fingerprint,
        facts={"sizes": {"1x1": 40}},
    )


NAMES = [f"{'x' * (i % 2)}{i:03}.png" for i in range(40)]


def stored_of(found):
    return json.loads(json.dumps(data_json(found, audit(found))))


def members(found):
    return {name: sorted(map(str, piece.ids[:])) for name, piece in found.splits.items()}


def test_the_manifest_has_the_agreed_form():
    found = split(dataset(all=part(NAMES)), "auto", seed=0)
    found = replace(found, skipped=tuple(Skipped(id=f"{i}.gif", reason="empty file") for i in range(12)))
    stored = stored_of(found)
    assert stored["schema"] == 1
    assert stored["spec"] == {
        "input": {"kind": "Image", "height_px": 1, "width_px": 1, "channels": 1},
        "target": {"kind": "Label", "classes": ["even", "odd"]},
    }
    train = stored["splits"]["train"]
    assert train["num_samples"] == 32 == len(train["indices"])
    assert train["counts"] == [16, 16]
    assert (train["made_by"], train["indices_of"]) == ("gnomon", "all")
    assert stored["skipped"]["count"] == 12
    assert len(stored["skipped"]["first"]) == 10
    assert stored["facts"] == {"sizes": {"1x1": 40}}
    assert stored["guesses"][0].keys() == {"what", "why", "flag"}


def test_splits_of_the_data_carry_no_indices():
    stored = stored_of(split(dataset(train=part(NAMES), test=part(["t.png"])), "auto", seed=0))
    assert stored["splits"]["test"]["made_by"] == "data"
    assert "indices" not in stored["splits"]["test"]
    assert "indices" in stored["splits"]["valid"]


@pytest.mark.parametrize(
    "raw",
    [
        dataset(all=part(NAMES)),
        dataset(train=part(NAMES), test=part(["t.png"])),
        dataset(train=part(NAMES), valid=part(["v.png"])),
        dataset(train=part(NAMES), valid=part(["v.png"]), test=part(["t.png"])),
        join(dataset(all=part(NAMES)), valid=dataset(all=part(["v.png"]))),
    ],
)
def test_restore_makes_the_same_splits_again(raw):
    found = split(raw, "auto", seed=5)
    again = restore(raw, stored_of(found))
    assert list(again.splits) == list(found.splits)
    for name, piece in found.splits.items():
        assert list(again.splits[name].ids[:]) == list(piece.ids[:])
        assert np.array_equal(again.splits[name].inputs[:], piece.inputs[:])
        assert np.array_equal(again.splits[name].targets, piece.targets)
    assert again.guesses == found.guesses
    assert stored_of(again) == stored_of(found)


@pytest.mark.parametrize(
    "raw",
    [
        dataset(all=part(NAMES)),
        dataset(train=part(NAMES), test=part(["t.png"])),
        dataset(train=part(NAMES), valid=part(["v.png"])),
        join(dataset(all=part(NAMES)), valid=dataset(all=part(["v.png"]))),
    ],
)
def test_restore_takes_data_that_were_split_in_another_way(raw):
    stored = stored_of(split(raw, "auto", seed=5))
    again = restore(split(raw, "auto", seed=6), stored)
    assert members(again) == members(restore(raw, stored))
    assert members(again) != members(split(raw, "auto", seed=6))
    assert stored_of(again) == stored


def test_restore_does_not_depend_on_today_s_split_code(monkeypatch):
    raw = dataset(all=part(NAMES))
    stored = stored_of(split(raw, "auto", seed=0))
    monkeypatch.setattr("gnomon.data.split.assign", None)
    assert members(restore(raw, stored))["test"] == members(split_free(stored, raw))["test"]


def split_free(stored, raw):
    rows = stored["splits"]["test"]["indices"]
    return replace(raw, splits={"test": part([NAMES[i] for i in rows])})


def changed(added=(), removed=(), edited=()):
    names = [name for name in NAMES if name not in removed] + list(added)
    contents = [hash_of(name) + (7 if name in edited else 0) for name in names]
    return dataset("f1", all=part(names, contents))


def test_changed_data_are_refused_with_the_differences():
    stored = stored_of(split(dataset(all=part(NAMES)), "auto", seed=0))
    now = changed(added=["new 1.png", "new\n2.png"], removed=[NAMES[3]], edited=[NAMES[0], NAMES[8]])
    with pytest.raises(DataError) as caught:
        restore(now, stored)
    text = str(caught.value)
    assert "2 added: new\\n2.png, new 1.png" in text
    assert f"1 removed: {NAMES[3]}" in text
    assert f"2 edited: {NAMES[0]}, {NAMES[8]}" in text
    assert "--accept-changed-data" in text
    assert len(text.splitlines()) <= 8


def test_many_differences_are_counted_and_some_are_named():
    stored = stored_of(split(dataset(all=part(NAMES)), "auto", seed=0))
    with pytest.raises(DataError, match=r"20 removed: 000.png, 002.png, 004.png, 006.png, 008.png, …"):
        restore(changed(removed=NAMES[::2]), stored)


def test_accepted_changes_leave_known_samples_where_they_were():
    found = split(dataset(all=part(NAMES)), "auto", seed=0)
    before = members(found)
    gone = before["test"][0]
    now = changed(added=["new.png"], removed=[gone], edited=[before["valid"][0]])
    after = members(restore(now, stored_of(found), accept_changed=True))
    assert after["test"] == [name for name in before["test"] if name != gone]
    assert after["valid"] == before["valid"]
    assert after["train"] == sorted([*before["train"], "new.png"])


def test_accepted_changes_are_recorded_as_a_guess():
    stored = stored_of(split(dataset(all=part(NAMES)), "auto", seed=0))
    again = restore(changed(added=["new.png"], removed=NAMES[:2]), stored, accept_changed=True)
    assert again.guesses[-1].what == "1 added; 2 removed"
    assert again.guesses[-1].flag == "--accept-changed-data"
    assert stored_of(again)["fingerprint"] == "f1"


def test_a_new_copy_of_a_test_sample_does_not_enter_training():
    found = split(dataset(all=part(NAMES)), "auto", seed=0)
    held = members(found)["test"][0]
    names = [*NAMES, "copy.png"]
    now = dataset("f1", all=part(names, [hash_of(held if name == "copy.png" else name) for name in names]))
    after = members(restore(now, stored_of(found), accept_changed=True))
    assert "copy.png" in after["test"]
    assert "copy.png" not in after["train"]


def test_another_order_of_the_same_samples_is_a_change():
    found = split(dataset(all=part(NAMES)), "auto", seed=0)
    now = dataset("f1", all=part(NAMES[::-1]))
    with pytest.raises(DataError, match="the same samples come in another order"):
        restore(now, stored_of(found))
    assert members(restore(now, stored_of(found), accept_changed=True)) == members(found)


def test_another_fingerprint_of_the_very_same_samples_is_no_change():
    found = split(dataset(all=part(NAMES)), "auto", seed=0)
    assert members(restore(dataset("f1", all=part(NAMES)), stored_of(found))) == members(found)


def test_other_classes_inputs_or_missing_splits_are_refused_even_when_changes_are_accepted():
    stored = stored_of(split(dataset(train=part(NAMES), test=part(["t.png"])), "auto", seed=0))
    same = {"train": part(NAMES), "test": part(["t.png"])}
    with pytest.raises(DataError, match=r"classes changed since this run began \(new: \['owl'\], gone: \['odd'\]\)"):
        restore(dataset("f1", ("even", "owl"), **same), stored, accept_changed=True)
    wide = replace(dataset(**same), spec=Spec(input=replace(IMAGE, width_px=2), target=Label(classes=("even", "odd"))))
    with pytest.raises(DataError, match="width_px=2"):
        restore(wide, stored, accept_changed=True)
    with pytest.raises(DataError, match="the split test is gone"):
        restore(dataset("f1", train=part(NAMES)), stored, accept_changed=True)


def test_names_that_are_not_utf8_survive():
    names = [*NAMES, "bad\udcff.png", "emoji 🦉.png"]
    raw = dataset(all=part(names))
    found = split(raw, "auto", seed=0)
    assert members(restore(replace(raw, fingerprint="f1"), stored_of(found))) == members(found)


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored.pop("splits"),
        lambda stored: stored.update(schema=2),
        lambda stored: stored["splits"]["train"].update(indices=[0, 10**6]),
        lambda stored: stored["splits"]["train"].update(indices=[-1, 3]),
        lambda stored: stored["splits"]["train"].update(indices=[3, 3]),
        lambda stored: stored["splits"]["train"].update(indices="all"),
        lambda stored: stored["splits"].update(train=None),
        lambda stored: stored.update(guesses=[{"__class__": "os"}]),
        lambda stored: stored.update(fingerprint="f9", samples={}),
        lambda stored: stored.update(fingerprint="f9") or stored["samples"]["train"].update(ids="!!"),
        lambda stored: stored.update(fingerprint="f9") or stored["samples"]["train"].update(digests=""),
    ],
)
def test_a_damaged_manifest_is_refused(damage):
    raw = dataset(all=part(NAMES))
    stored = stored_of(split(raw, "auto", seed=0))
    damage(stored)
    with pytest.raises(ArtefactError, match=r"data\.json"):
        restore(raw, stored)
