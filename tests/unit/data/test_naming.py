import pytest

from gnomon.core.errors import UsageError
from gnomon.data.naming import pattern


def test_label_group_and_index_are_found():
    found = pattern("{label}_{speaker}_{index}.wav")
    assert found.fields == ("label", "speaker", "index")
    assert found.groups == ("speaker",)
    assert found.match(["recordings", "7_jackson_32.wav"]) == {"label": "7", "speaker": "jackson", "index": "32"}
    assert found.match(["7_jackson_32.WAV"]) == {"label": "7", "speaker": "jackson", "index": "32"}


def test_a_label_may_hold_what_separates_the_fields():
    found = pattern("{label}_{speaker}_{index}.wav")
    assert found.match(["turn_left_ann_3.wav"]) == {"label": "turn_left", "speaker": "ann", "index": "3"}
    swapped = pattern("{speaker}_{label}_{index}")
    assert swapped.match(["ann_turn_left_3.flac"]) == {"label": "turn_left", "speaker": "ann", "index": "3"}


def test_folders_are_counted_from_the_file():
    found = pattern("{speaker}/{label}-{index}")
    assert found.depth == 1
    assert found.match(["data", "ann", "yes-1.ogg"]) == {"speaker": "ann", "label": "yes", "index": "1"}
    assert found.match(["yes-1.ogg"]) is None


@pytest.mark.parametrize(
    "name", ["7_jackson.wav", "7_jackson_x.wav", "notes.txt", "7_jackson_32.mp3", "_jackson_3.wav"]
)
def test_names_that_are_built_otherwise_do_not_match(name):
    assert pattern("{label}_{speaker}_{index}.wav").match([name]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{speaker}_{index}.wav", "does not say where the label is"),
        ("nothing", "does not say where the label is"),
        ("{label}_{label}.wav", "a name of its own"),
        ("{label}_{}.wav", "a name of its own"),
        ("{label}_{a b}.wav", "a name of its own"),
        ("{label}{speaker}.wav", "something must stand between"),
        ("{label}_{speaker.wav", "something must stand between"),
    ],
)
def test_what_is_no_pattern_is_refused(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        pattern(text)
    assert "{label}" in caught.value.fix


def test_characters_that_mean_something_in_expressions_are_plain():
    assert pattern("({label}).+{index}.wav").match(["(a).+3.wav"]) == {"label": "a", "index": "3"}
    assert pattern("({label}).+{index}.wav").match(["(a)xx3.wav"]) is None
