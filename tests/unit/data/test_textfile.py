"""From bytes to text: what encodings people have, and what is said of bytes that are none."""

import codecs
import gzip

import pytest

from gnomon.core.errors import DataError, UsageError
from gnomon.data import textfile
from gnomon.data.formats import UnreadableError

SAMPLES = {
    "gb18030": "今天天气很好，我们去公园玩吧。这是一个测试文件。\n",
    "big5": "今天天氣很好，我們去公園玩吧。這是一個測試檔案。\n",
    "cp932": "今日は天気がいいですね。公園に行きましょう。テストです。\n",
    "cp949": "오늘 날씨가 좋네요. 공원에 갑시다. 시험입니다.\n",
    "cp1251": "Сегодня хорошая погода, пойдём в парк гулять.\n",
    "cp1250": "Zażółć gęślą jaźń. Wszyscy ludzie rodzą się wolni i równi.\n",
    "cp1252": "Où est la bibliothèque à côté du château? It’s “naïve”.\n",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_what_is_no_utf8_is_found_by_its_characters(encoding):
    found = textfile.decode((SAMPLES[encoding] * 5).encode(encoding))
    assert found.text == SAMPLES[encoding] * 5
    assert found.encoding == encoding
    assert "not UTF-8" in found.why


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_obeyed_and_is_no_character(encoding):
    found = textfile.decode("naïve 今天 text".encode(encoding))
    assert found.text == "naïve 今天 text"
    assert found.encoding == encoding.removesuffix("-sig")
    assert found.why == "it begins with a byte order mark"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_seen_by_its_zero_bytes(encoding):
    assert textfile.decode("plain text here".encode(encoding)).text == "plain text here"


def test_chinese_and_mixed_text_stay_as_they_are():
    text = "混合 text\twith 표 и 🐱\u2028line\x0cpage\x85\rold end"
    assert textfile.decode(text.encode()).text == text


def test_crlf_becomes_lf_and_is_counted_and_a_lone_cr_stays():
    found = textfile.decode(b"one\r\ntwo\r\nthree\rfour\n")
    assert (found.text, found.num_crlf) == ("one\ntwo\nthree\rfour\n", 2)
    guess = textfile.told([found])[0]
    assert guess.what == "2 line ends CRLF become LF"


def test_a_guessed_encoding_is_told_with_its_flag():
    guess = textfile.told([textfile.decode(b"caf\xe9\n")])[0]
    assert guess.what == "the text is cp1252"
    assert guess.flag == "--set reader.encoding=NAME"
    assert textfile.told([textfile.decode("café".encode())]) == ()


@pytest.mark.parametrize(
    ("line", "encoding"),
    [
        ("größe;stadt\n12;Zürich\n7;Genève\n", "cp1252"),
        ("prénom;où\nHélène;là\nNoël;être\n", "cp1252"),
        ("nome;città\nNicolò;Forlì\n", "cp1252"),
        ("nombre;ciudad\n¿Qué?;Málaga\n3 m³;Cádiz\n", "cp1252"),
        ("imię;miasto\nŁukasz;Łódź\n", "cp1250"),
        ("név;város\nÖdön;Győr\nőr;Fűzfő\n", "cp1250"),
        ("ad;şehir\nGülşen;İstanbul\n", "cp1254"),
    ],
)
def test_the_few_words_of_a_table_tell_its_encoding(line, encoding):
    assert textfile.detect((line * 40).encode(encoding)) == encoding


def test_the_users_word_is_taken():
    assert textfile.decode(b"\xe8", "cp1250").text == "č"
    assert textfile.decode(codecs.BOM_UTF8 + b"a", "utf-8").text == "a"
    assert textfile.told([textfile.decode(b"\xe8", "cp1250")]) == ()


def test_an_unknown_encoding_is_refused():
    for name in ("klingon", "hex"):
        with pytest.raises(UsageError, match="no text encoding"):
            textfile.decode(b"a", name)


def test_damaged_utf8_is_not_taken_for_another_encoding(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes("première\nligne é\n".encode() + b"abc \xff\xfe\n")
    with pytest.raises(DataError) as error:
        textfile.read_text(path)
    assert "bad.txt:3: is not utf-8 text: byte 23 is 0xff" in str(error.value)
    assert "--set reader.encoding=NAME" in error.value.fix


def test_bytes_that_are_wrong_in_the_named_encoding_are_told():
    with pytest.raises(DataError, match="is not ascii text: byte 3 is 0xe9"):
        textfile.decode(b"caf\xe9", "ascii")


def test_nul_characters_are_refused_with_their_place():
    with pytest.raises(DataError, match="NUL character after 6 others") as error:
        textfile.decode(b"ab\ncd\n\0" + b"text" * 10)
    assert error.value.line == 3


def test_gzip_is_undone_and_its_damage_told(tmp_path):
    path = tmp_path / "book.txt.gz"
    path.write_bytes(gzip.compress(b"hello\n" * 100))
    assert textfile.read_text(path).text == "hello\n" * 100
    assert textfile.head(path, 7) == b"hello\nh"
    path.write_bytes(gzip.compress(b"hello\n" * 100)[:-6])
    with pytest.raises(DataError, match="is damaged gzip"):
        textfile.read_text(path)


def test_a_gzip_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(textfile, "MAX_BYTES", 1000)
    with pytest.raises(UnreadableError, match="more than 1,000 bytes"):
        textfile.unpacked(gzip.compress(bytes(2000)))


def test_a_file_that_is_too_large_or_gone_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(textfile, "MAX_BYTES", 10)
    (tmp_path / "big.txt").write_text("x" * 11)
    with pytest.raises(DataError, match="too large: 11 bytes"):
        textfile.read_text(tmp_path / "big.txt")
    with pytest.raises(DataError, match="cannot be read"):
        textfile.read_text(tmp_path / "nothing.txt")
    assert textfile.head(tmp_path / "nothing.txt") == b""


@pytest.mark.parametrize(
    ("data", "is_text"),
    [
        (b"hello\n", True),
        ("é".encode() * 100, True),
        ("今天天气很好".encode()[:-1], True),
        (SAMPLES["gb18030"].encode("gb18030") * 3, True),
        ("hello".encode("utf-16"), True),
        (b"", False),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", False),
        (bytes(range(32)) * 4, False),
        (bytes(range(200, 255)) * 5, False),
    ],
)
def test_text_is_told_from_other_bytes(data, is_text):
    assert textfile.looks_like_text(data) == is_text


def test_files_share_the_encoding_that_is_found_in_all_of_them(tmp_path):
    words = [word.encode("cp1251") for word in SAMPLES["cp1251"].split()]
    encoding = textfile.detect(textfile.pool(words))
    assert encoding == "cp1251"
    shared = textfile.decode_shared(words[0], encoding, tmp_path)
    assert shared.text == "Сегодня"
    with pytest.raises(DataError, match="is not utf-8 text"):
        textfile.decode_shared("многое и ".encode() + b"\xff", encoding, tmp_path)


def test_only_plain_bytes_need_no_look_at_others():
    assert textfile.is_plain("é".encode())
    assert textfile.is_plain("é".encode("utf-16"))
    assert not textfile.is_plain("é".encode("cp1252"))


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_japanese_is_known_by_its_kana(encoding):
    lines = [
        f'"今日はとても良い映画を見ました、番号{i}",良\n"退屈でつまらない話だった、{i}番目の",悪\n' for i in range(20)
    ]
    assert textfile.decode("".join(lines).encode(encoding)).text == "".join(lines)


def test_a_few_odd_bytes_in_plain_text_are_no_other_language():
    lines = b"a plain line of text, number 1\n" * 40
    with pytest.raises(DataError, match=r"is not utf-8 text: byte 310 is 0xff") as caught:
        textfile.decode(lines[:310] + b"\xff\xfe\x81\x8d\x90" + lines[310:])  # in cp932 two of them are for private use
    assert "--set reader.encoding=NAME" in caught.value.fix
    assert caught.value.line == 11


def test_a_few_accents_in_plain_text_are_still_found():
    text = "a plain line of text, number 1\n" * 40 + "le café est fermé\n"
    assert textfile.decode(text.encode("cp1252")).text == text
