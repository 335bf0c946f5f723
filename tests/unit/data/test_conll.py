"""Tagged words."""

from gnomon.data import conll
from gnomon.data.conll import CONLL2003, CONLLU, Bad

UD = """\
# newdoc
# sent_id = s-1
# text = We don't go.
1\tWe\twe\tPRON\tPRP\t_\t4\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\tVBP\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod\t_\t_
4\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
4.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_
5\t.\t.\tPUNCT\t.\t_\t4\tpunct\t_\t_

# text = Ja
1\tJa\tja\tINTJ\tUH\t_\t0\troot\t_\t_
"""
NER = """\
-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER
"""


def test_conllu_without_ranges_empty_nodes_and_comments():
    found = list(conll.sentences(UD, CONLLU))
    assert [one.id for one in found] == ["s-1", "2"]
    assert [row[1] for row in found[0].rows] == ["We", "do", "n't", "go", "."]
    assert [row[3] for row in found[1].rows] == ["INTJ"]


def test_columns_without_document_starts():
    found = [one for one in conll.sentences(NER, CONLL2003) if one.rows]
    assert [[row[0] for row in one.rows] for one in found] == [
        ["EU", "rejects", "German", "call"],
        ["Peter", "Blackburn"],
    ]


def test_a_sentence_with_a_line_that_does_not_fit_is_bad_as_a_whole():
    found = list(conll.sentences("a X\nb\nc X\n\nd X\n", ("token", "column 2")))
    assert found[0] == Bad(2, "has 1 fields, not 2")
    assert [row[0] for row in found[1].rows] == ["d"]


def test_fields_are_recognised():
    assert conll.columns(UD) == CONLLU
    assert conll.columns(NER) == CONLL2003
    assert conll.columns(UD.split("\n\n")[0]) == CONLLU
    assert conll.columns("a\tX\nb\tY\n\nc\tX\nd\tX\n\n") == ("token", "column 2")


def test_other_text_is_not_taken_for_tagged_words():
    assert conll.columns("First Citizen:\nBefore we proceed.\n\nAll:\nSpeak, speak.\n\n") is None
    assert conll.columns("two words\n" * 10) is None
    assert conll.columns("(3 (2\n(1 (4\n\n(3 (2\n(1 (4\n\n") is None
    assert conll.columns("x 1\ny 2\n\nx 1\ny 2\n\n") is None
    assert conll.columns("") is None
