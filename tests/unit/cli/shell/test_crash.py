from gnomon.cli.shell import crash


def test_the_file_holds_command_line_versions_and_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["gnomon", "train", "\udcff"])
    try:
        raise KeyError("lost")
    except KeyError as error:
        path = crash.keep(error)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("gnomon train \\udcff\npython 3.")
    assert text.rstrip().endswith("KeyError: 'lost'")


def test_where_no_file_can_be_written_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert crash.keep(KeyError("lost")) is None
