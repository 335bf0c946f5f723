import json
from dataclasses import replace

import numpy as np
import pytest
import raw_data

from gnomon.core.errors import ArtefactError, DataError
from gnomon.core.spec import Dataset, Image, Label, Series, Skipped, Spec, Split, Tags, Text
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


TEXT = "".join(chr(97 + i % 26) for i in range(1000))


def book(*contents, fingerprint="f0"):
    return raw_data.dataset(raw_data.CONTINUED, fingerprint=fingerprint, all=raw_data.documents(*contents))


def series(count, *, fingerprint="f0", first=0):
    return raw_data.dataset(raw_data.FORECAST, fingerprint=fingerprint, all=raw_data.ramp(count, first))


def held(found):
    return {
        name: np.asarray(piece.inputs[:]).tolist() if found.spec == raw_data.FORECAST else piece.inputs[:]
        for name, piece in found.splits.items()
    }


class TestInOrder:
    def test_a_range_is_kept_instead_of_indices(self):
        stored = stored_of(split(series(20_000), "10000,5000,1000", seed=0))
        assert stored["splits"]["valid"] == {
            "num_samples": 5000,
            "unit": "rows",
            "size": 5000,
            "made_by": "gnomon",
            "indices_of": "all",
            "range": [10_000, 15_000],
        }
        assert set(stored["samples"]) == {"all"}
        assert len(json.dumps(stored)) < 4000
        stored = stored_of(split(book(TEXT, "more"), "0.9,0.1", seed=0))
        assert stored["splits"]["train"]["size"] == 903
        assert stored["splits"]["valid"]["num_samples"] == 2

    @pytest.mark.parametrize(
        "raw",
        [
            book(TEXT),
            book(TEXT, "", "more", ""),
            series(50),
            replace(book(TEXT), splits={"train": raw_data.documents(TEXT), "test": raw_data.documents("t")}),
            replace(series(9), splits={"train": raw_data.ramp(50), "valid": raw_data.ramp(7)}),
            replace(series(9), splits={name: raw_data.ramp(5) for name in ("train", "valid", "test")}),
            join(series(50), valid=series(9)),
            replace(series(50), facts={"customary_split": "20,10,10"}),
        ],
    )
    def test_restore_makes_the_same_splits_again(self, raw):
        found = split(raw, "auto", seed=0)
        stored = stored_of(found)
        other = "0.5,0.5" if "valid" not in raw.splits and "test" not in raw.splits else "auto"
        for fresh in (raw, split(raw, other, seed=1), replace(raw, fingerprint="f1")):
            again = restore(fresh, stored)
            assert held(again) == held(found)
            assert [list(piece.ids[:]) for piece in again.splits.values()] == [
                list(piece.ids[:]) for piece in found.splits.values()
            ]
            assert all(np.array_equal(again.splits[name].hashes, piece.hashes) for name, piece in found.splits.items())
            assert again.guesses == found.guesses
            assert stored_of(again) == stored | {"fingerprint": fresh.fingerprint}

    def test_rows_that_came_to_the_end_are_left_out_when_they_are_accepted(self):
        found = split(series(50), "auto", seed=0)
        stored, now = stored_of(found), series(60, fingerprint="f1")
        with pytest.raises(DataError, match="10 rows added at the end, from hour 50 on") as caught:
            restore(now, stored)
        assert "--accept-changed-data" in caught.value.fix
        again = restore(now, stored, accept_changed=True)
        assert held(again) == held(found)
        assert again.guesses[-1].what == (
            "10 rows added at the end, from hour 50 on; 10 rows after the old end of all are left out"
        )
        assert held(restore(now, stored_of(again))) == held(found)

    def test_rows_that_moved_are_refused_even_when_changes_are_accepted(self):
        stored = stored_of(split(series(50), "auto", seed=0))
        for now in (series(50, first=5, fingerprint="f1"), series(49, fingerprint="f1")):
            with pytest.raises(DataError, match="would now lie elsewhere") as caught:
                restore(now, stored, accept_changed=True)
            assert caught.value.fix == "put the data back as it was, or start a new run"
            assert len(str(caught.value).splitlines()) <= 8

    def test_a_text_that_was_edited_is_accepted_where_nothing_moved(self):
        stored = stored_of(split(book(TEXT), "auto", seed=0))
        same_length = book(TEXT[:500] + "#" + TEXT[501:], fingerprint="f1")
        with pytest.raises(DataError, match=r"1 edited: 0\.txt"):
            restore(same_length, stored)
        again = restore(same_length, stored, accept_changed=True)
        assert again.splits["train"].inputs[0][500] == "#"
        with pytest.raises(DataError, match="would now lie elsewhere"):
            restore(book("a new word " + TEXT, fingerprint="f1"), stored, accept_changed=True)
        grown = restore(book(TEXT + "and on", fingerprint="f1"), stored, accept_changed=True)
        assert held(grown) == held(split(book(TEXT), "auto", seed=0))

    def test_what_the_data_gave_whole_may_change_in_any_way(self):
        raw = replace(book("x"), splits={"train": raw_data.documents(TEXT), "test": raw_data.documents("old")})
        stored = stored_of(split(raw, "auto", seed=0))
        now = replace(raw, fingerprint="f1", splits={**raw.splits, "test": raw_data.documents("another")})
        with pytest.raises(DataError, match="test: 1 edited"):
            restore(now, stored)
        assert restore(now, stored, accept_changed=True).splits["test"].inputs[:] == ["another"]

    @pytest.mark.parametrize(
        "damage",
        [
            lambda stored: stored["splits"]["train"].update(range=[0, 10**6]),
            lambda stored: stored["splits"]["train"].update(range=[5, 3]),
            lambda stored: stored["splits"]["train"].update(range=[0.5, 3]),
            lambda stored: stored["splits"]["train"].update(range="all"),
            lambda stored: stored["splits"]["train"].pop("range"),
            lambda stored: stored.update(fingerprint="f9", samples={}),
            lambda stored: stored.update(fingerprint="f9") or stored["samples"]["all"].update(documents="!!"),
            lambda stored: stored.update(fingerprint="f9") or stored["samples"]["all"].update(contents=""),
        ],
    )
    def test_a_damaged_manifest_is_refused(self, damage):
        stored = stored_of(split(book(TEXT), "auto", seed=0))
        damage(stored)
        with pytest.raises(ArtefactError, match=r"data\.json"):
            restore(book(TEXT), stored)


class TestTags:
    raw = raw_data.dataset(
        raw_data.TAGGED, all=raw_data.sentences([f"w{i} goes" for i in range(40)], [[i % 3, 2] for i in range(40)])
    )

    def test_tokens_are_counted_by_tag(self):
        stored = stored_of(split(self.raw, "auto", seed=0))
        train = stored["splits"]["train"]
        assert (train["unit"], train["size"], sum(train["counts"])) == ("tokens", 64, 64)
        assert len(train["indices"]) == train["num_samples"] == 32

    def test_restore_makes_the_same_splits_again(self):
        found = split(self.raw, "auto", seed=5)
        again = restore(split(self.raw, "auto", seed=6), stored_of(found))
        for name, piece in found.splits.items():
            assert again.splits[name].inputs[:] == piece.inputs[:]
            assert np.array_equal(again.splits[name].targets.values, piece.targets.values)
            assert np.array_equal(again.splits[name].targets.offsets, piece.targets.offsets)
        assert stored_of(again) == stored_of(found)


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        (raw_data.LABELLED, "the target is now Label, but this run learned Tags"),
        (replace(raw_data.TAGGED, target=Tags(classes=("O", "X"))), r"the tags changed since .*new: \['X'\], gone: "),
        (replace(raw_data.TAGGED, target=Tags(classes=("VERB", "NOUN", "O"))), "the tags come in another order"),
        (replace(raw_data.TAGGED, input=Text()), "the input is now Text"),
    ],
)
def test_another_form_of_the_data_is_refused(spec, what):
    stored = stored_of(split(TestTags.raw, "auto", seed=0))
    with pytest.raises(DataError, match=what):
        restore(replace(TestTags.raw, spec=spec, fingerprint="f1"), stored, accept_changed=True)


def test_other_channels_are_refused_but_not_another_season():
    stored = stored_of(split(series(50), "auto", seed=0))
    other = replace(raw_data.FORECAST, input=Series(names=("a", "c"), length=0))
    with pytest.raises(DataError, match=r"the channels changed since this run began \(new: \['c'\], gone: \['b'\]\)"):
        restore(replace(series(50), spec=other), stored)
    known = replace(raw_data.FORECAST, input=Series(names=("a", "b"), length=0, period=24))
    assert len(restore(replace(series(50), spec=known), stored).splits["train"]) == 40
