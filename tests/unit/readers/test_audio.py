import zipfile

import pytest
from small_sounds import folder, speakers, tone, wav

from gnomon.core.config import DataConfig
from gnomon.core.errors import DataError, UsageError
from gnomon.data import split as splits
from gnomon.data.reading import Reading
from gnomon.readers import audio

PATTERN = "{label}_{speaker}_{index}.wav"


def read(path, tmp_path, **settings):
    reading = Reading(cache_dir=tmp_path / "cache", emit=lambda event: None, should_stop=lambda: False)
    return audio.read(path, DataConfig(path=str(path), **settings), reading)


def names(part):
    return {str(name) for name in part.ids[0 : len(part)]}


def test_sniffing_tells_folders_flat_ones_and_archives(tmp_path):
    assert audio.sniff(folder(tmp_path / "set", per_class=2)).confidence == 0.85
    assert audio.sniff(speakers(tmp_path / "flat")).confidence == 0.75
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a/1.wav", wav(tone()))
        archive.writestr("b/1.wav", wav(tone()))
    assert audio.sniff(tmp_path / "set.zip").why == "it holds folders with recordings (a, b)"
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x")
    assert audio.sniff(tmp_path / "texts") is None
    assert audio.sniff(tmp_path / "nothing") is None


def test_splits_of_the_folders_are_kept(tmp_path):
    for split in ("train", "test"):
        folder(tmp_path / "set" / split, per_class=2)
    found = read(tmp_path / "set", tmp_path)
    assert set(found.splits) == {"train", "test"}
    assert names(found.splits["test"]) == {f"test/{name}/{i}.wav" for name in ("high", "low") for i in range(2)}


def test_labels_and_speakers_come_from_the_names(tmp_path):
    found = read(speakers(tmp_path / "set"), tmp_path, label_from=PATTERN)
    assert found.spec.target.classes == ("one", "two")
    assert len(found.splits["all"]) == 24
    assert found.splits["all"].groups is None
    (guess,) = found.guesses
    assert guess.what == "recordings of each speaker (3: ann, bob, cid) are in every split"
    assert guess.flag == "--group speaker, or --set data.held_out=ann"


def test_the_same_speaker_is_not_on_both_sides_where_that_is_asked(tmp_path):
    found = splits.split(read(speakers(tmp_path / "set"), tmp_path, label_from=PATTERN, group="speaker"), "auto", 0)
    seen = {name: {one.split("_")[1] for one in names(part)} for name, part in found.splits.items()}
    assert sorted(len(who) for who in seen.values()) == [1, 1, 1]
    assert set().union(*seen.values()) == {"ann", "bob", "cid"}
    assert "each group on one side" in found.guesses[-1].why


def test_one_speaker_can_be_left_out(tmp_path):
    found = read(speakers(tmp_path / "set"), tmp_path, label_from=PATTERN, held_out="bob")
    assert {name.split("_")[1] for name in names(found.splits["test"])} == {"bob"}
    assert {name.split("_")[1] for name in names(found.splits["train"])} == {"ann", "cid"}
    assert found.guesses[-1].what == "bob is the test; train and valid share the other 2 groups"
    parted = splits.split(found, "auto", 0)
    assert set(parted.splits) == {"train", "valid", "test"}
    both = splits.split(
        read(tmp_path / "set", tmp_path, label_from=PATTERN, held_out="bob", group="speaker"), "auto", 0
    )
    assert len({name.split("_")[1] for name in names(both.splits["valid"])}) == 1


def test_folders_inside_a_class_folder_may_be_groups(tmp_path):
    for number, who in enumerate(("ann", "bob", "cid")):
        for label in ("one", "three"):
            place = tmp_path / "set" / label / who
            place.mkdir(parents=True)
            (place / "1.wav").write_bytes(wav(tone(300 + 10 * len(label + who), seed=10 * number + len(label + who))))
    parted = splits.split(read(tmp_path / "set", tmp_path, group="folder"), "auto", 0)
    assert all(len({name.split("/")[1] for name in names(part)}) == 1 for part in parted.splits.values())
    assert {name.split("/")[1] for name in names(read(tmp_path / "set", tmp_path, held_out="cid").splits["test"])} == {
        "cid"
    }


@pytest.mark.parametrize(
    ("settings", "said", "fix"),
    [
        ({"label_from": PATTERN, "group": "room"}, "--group room does not fit the pattern", "speaker"),
        ({"label_from": "{label}_ann_{index}", "held_out": "x"}, "data.held_out = x does not fit", "only label"),
        ({"label_from": PATTERN, "held_out": "eve"}, "no group 'eve' to hold out", "ann, bob, cid"),
        ({"label_from": PATTERN, "target": "leaf"}, "there is no target 'leaf'", ""),
    ],
)
def test_wishes_that_do_not_fit_are_refused(tmp_path, settings, said, fix):
    with pytest.raises(UsageError, match=said) as caught:
        read(speakers(tmp_path / "set"), tmp_path, **settings)
    assert fix in caught.value.fix


def test_groups_of_class_folders_must_be_there(tmp_path):
    data = folder(tmp_path / "set", per_class=2)
    with pytest.raises(UsageError, match="there is no group 'speaker'"):
        read(data, tmp_path, group="speaker")
    with pytest.raises(UsageError, match="no folders of their own"):
        read(data, tmp_path, group="folder")


def test_names_that_are_not_built_so_are_skipped(tmp_path):
    data = speakers(tmp_path / "set")
    (data / "about.wav").write_bytes(wav(tone()))
    found = read(data, tmp_path, label_from=PATTERN, max_bad=0.1)
    assert [(one.id, one.reason) for one in found.skipped] == [("about.wav", f"its name is not built like {PATTERN}")]


def test_a_pattern_that_finds_no_classes_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"finds 0 classes in 24 names \(one_ann_0.wav"):
        read(speakers(tmp_path / "set"), tmp_path, label_from="{label}-{index}.wav")


def test_recordings_side_by_side_get_the_tree_and_the_pattern(tmp_path):
    with pytest.raises(DataError, match="24 recordings lie in fewer than two class folders") as caught:
        read(speakers(tmp_path / "set"), tmp_path)
    assert "--label-from" in caught.value.fix
    assert "sounds/train/bell/1.wav" in caught.value.fix


def test_a_rate_that_no_recording_has_is_refused():
    with pytest.raises(UsageError, match=r"reader\.rate_hz = 3"):
        audio.Config(rate_hz=3)
