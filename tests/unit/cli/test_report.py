from pathlib import Path

from gnomon.cli import main


def test_the_path_of_the_report_is_printed(api, capsys):
    api.answers["report"] = Path("runs/a/report.html")
    assert main(["report", "runs/a"]) == 0
    assert capsys.readouterr().out.split() == ["report", "runs/a/report.html"]


def test_json_holds_the_path(api, as_json):
    api.answers["report"] = Path("runs/a/report.html")
    assert as_json("report", "runs/a")[1] == {"report": "runs/a/report.html"}
