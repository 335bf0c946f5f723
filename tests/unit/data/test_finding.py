from gnomon.data.finding import Finding, listed


def test_some_names_are_listed_and_the_others_counted():
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed(list("abcdefgh")) == "'a', 'b', 'c', 'd', 'e' and 3 more"


def test_a_finding_needs_no_more_than_a_level_and_a_text():
    assert Finding(level="info", text="x").ids == ()
