from gnomon.cli.shell import crash
from gnomon.core.errors import note_run


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


def test_a_bug_in_a_run_is_kept_in_its_folder(tmp_path):
    error = KeyError("lost")
    note_run(error, tmp_path)
    assert crash.keep(error) == tmp_path / "crash.txt"
    assert "KeyError: 'lost'" in (tmp_path / "crash.txt").read_text(encoding="utf-8")


def test_a_run_folder_that_is_gone_is_no_obstacle(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    error = KeyError("lost")
    note_run(error, tmp_path / "gone")
    assert crash.keep(error).is_relative_to(tmp_path)


def test_where_no_file_can_be_written_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert crash.keep(KeyError("lost")) is None
