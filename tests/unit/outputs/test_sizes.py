from gnomon.outputs.sizes import sample_word, size_word, sizes


def words(plan):
    return [(size.from_progress, size.text) for size in sizes(plan)]


def test_old_plans_in_pixels_and_new_ones_with_a_unit_read_alike():
    old = {"phases": [{"from_progress": 0.0, "size_px": 24}, {"from_progress": 0.5, "size_px": 32}]}
    new = {"phases": [{"from_progress": 0.0, "size": 24}, {"from_progress": 0.5, "size": 32}], "unit": "px"}
    assert words(old) == words(new) == [(0.0, "24 px"), (0.5, "32 px")]
    assert size_word(old) == size_word(new) == "pictures"
    assert sample_word(old) == sample_word(new) == "pictures"


def test_sequences_have_a_length_and_their_batches_hold_samples():
    plan = {"phases": [{"from_progress": 0.0, "size": 128}], "unit": "tokens"}
    assert words(plan) == [(0.0, "128 tokens")]
    assert (size_word(plan), sample_word(plan)) == ("length", "samples")
    assert size_word({"unit": "steps"}) == "window"


def test_data_without_a_size_has_none():
    assert sizes({"phases": [{"from_progress": 0.0, "size": 0}], "unit": ""}) == []
    assert sizes({}) == []
    assert sample_word({}) == "samples"
