import pytest

from gnomon.outputs.snippets import as_text, passage, snippet


def test_a_short_text_stays_as_it_is_on_one_line():
    assert snippet("two\n\n  lines\tof text ") == "two lines of text"
    assert snippet("") == ""


def test_a_long_text_is_cut_between_words():
    assert snippet("one two three four", 10) == "one two…"
    assert snippet("x" * 30, 10) == "x" * 10 + "…"


def test_a_very_long_text_is_not_read_to_its_end():
    text = "word " * 1_000_000
    assert len(snippet(text, 50)) <= 51
    assert snippet(text, 50).endswith("…")


@pytest.mark.parametrize("text", ["e\u0301" * 40, "👩\u200d👩\u200d👧" * 20])
def test_no_character_is_cut_in_its_middle(text):
    whole = text[:2] if text[0] == "e" else text[:5]
    for limit in range(8, 20):
        kept = snippet(text, limit)[:-1]
        assert kept == whole * (len(kept) // len(whole))


def test_what_cannot_be_seen_is_left_out_and_other_scripts_stay():
    assert snippet("a\x00b\x1b[31mc") == "a b [31mc"
    assert snippet("深度学习的历史", 4) == "深度学习…"


def test_a_passage_keeps_its_lines():
    assert passage("ROMEO:\r\nAlas!\n", 50) == "ROMEO:\nAlas!"
    assert passage("line one\nline two and more", 12) == "line one…"


def test_words_are_joined():
    assert as_text(("a", "b")) == "a b"
    assert as_text("a b") == "a b"
