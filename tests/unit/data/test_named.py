import hashlib
import http.server
import re
import threading
import tomllib
from pathlib import Path

import pytest

from gnomon.core.errors import DataError, ResourceError
from gnomon.core.events import Said, silent
from gnomon.data import named
from gnomon.data.download import Patience

HURRIED = Patience(answer_s=1.0, attempts=2, pause_s=0.01)
CONTENT = b"pictures" * 1000


def test_the_known_names():
    assert named.names() == (
        *("adult", "ag-news", "breast-cancer", "california-housing", "cifar10", "cifar100", "covertype", "diabetes"),
        *("digits", "etth1", "fashion-mnist", "fsdd", "imdb", "listops", "mnist", "mr", "python-ast", "sst"),
        *("stdlib-code", "tinyshakespeare", "trec", "ud-ewt", "wikitext-2", "wine"),
    )


@pytest.mark.parametrize("name", named.names())
def test_every_file_says_what_a_download_needs(name):
    found = named.describe(name)
    assert found.title
    assert re.search(r"\d{4}$", found.origin)
    assert bool(found.files) + found.built_in + bool(found.home) == 1
    for file in found.files:
        assert Path(file.name).name == file.name
        assert file.num_bytes > 30
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.urls
        assert all(url.startswith(("https://", "http://")) and url.endswith(f"/{file.name}") for url in file.urls)
    sums = [file.sha256 for file in found.files]
    assert len(set(sums)) == len(sums)


def test_customary_splits_are_those_of_the_literature():
    splits = {name: found.split for name in named.names() if (found := named.describe(name)).split != "auto"}
    assert splits == {"etth1": "8640,2880,2880", "tinyshakespeare": "0.9,0.1,0"}


def test_no_key_is_misspelt():
    for path in named.FOLDER.glob("*.toml"):
        tree = tomllib.loads(path.read_text())
        assert set(tree) <= {"title", "origin", "built_in", "files", "split", "home", "copies", "target", "label_from"}
        assert all(set(file) == {"name", "num_bytes", "sha256", "urls"} for file in tree.get("files", []))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        body = self.server.pages.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server, and a folder of names with the set ``pets`` of two files at two addresses each."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.requests, running.pages = [], {}
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    root = f"http://127.0.0.1:{running.server_port}"
    folder = tmp_path / "names"
    folder.mkdir()
    entries = "".join(
        f'[[files]]\nname = "{name}"\nnum_bytes = {len(CONTENT)}\n'
        f'sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"\nurls = ["{root}/home/{name}", "{root}/mirror/{name}"]\n'
        for name in ("a.gz", "b.gz")
    )
    (folder / "pets.toml").write_text('title = "Pets"\norigin = "Nobody, 2026"\n' + entries)
    (folder / "inside.toml").write_text('title = "Inside"\norigin = "Nobody, 2026"\nbuilt_in = true\n')
    monkeypatch.setattr(named, "FOLDER", folder)
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def resolve(tmp_path, name="pets", data_dir=None, emit=silent):
    return named.resolve(name, data_dir, tmp_path / "cache", emit, lambda: False, patience=HURRIED)


def test_an_unknown_name_is_none(tmp_path, server):
    assert resolve(tmp_path, "plants") is None
    assert resolve(tmp_path, "../names/pets") is None


def test_a_built_in_set_needs_nothing(tmp_path, server):
    assert resolve(tmp_path, "inside") == Path("inside")
    assert server.requests == []


def test_files_are_downloaded_once_and_stay_as_they_are(tmp_path, server):
    server.pages = {"/home/a.gz": CONTENT, "/home/b.gz": CONTENT}
    found = resolve(tmp_path)
    assert found == tmp_path / "cache" / "downloads" / "pets"
    assert {path.name: path.read_bytes() for path in found.iterdir()} == {"a.gz": CONTENT, "b.gz": CONTENT}
    assert resolve(tmp_path) == found
    assert server.requests == ["/home/a.gz", "/home/b.gz"]


def test_a_copy_in_the_data_folder_is_used_as_it_is(tmp_path, server):
    (tmp_path / "data" / "pets").mkdir(parents=True)
    (tmp_path / "data" / "pets" / "train.parquet").write_bytes(b"x")
    (tmp_path / "data" / "inside").mkdir()
    assert resolve(tmp_path, data_dir=tmp_path / "data") == tmp_path / "data" / "pets"
    assert resolve(tmp_path, "inside", data_dir=tmp_path / "data") == Path("inside")
    assert server.requests == []


@pytest.mark.parametrize(
    "place", ["pets", "Pets", "pets.csv", "pets.tar.gz", "animals/pets", "animals/pets.txt", "animals/PETS/a.txt"]
)
def test_a_copy_is_found_where_people_put_it_and_this_is_said(tmp_path, server, place):
    path = tmp_path / "data" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x") if "." in place else (path / "inner").mkdir(parents=True)
    told = []
    found = resolve(tmp_path, data_dir=tmp_path / "data", emit=told.append)
    assert found == (path.parent if place.endswith("a.txt") else path)
    assert [event.text for event in told] == ([] if place == "pets" else [f"pets is read from {found}"])
    assert server.requests == []


@pytest.mark.parametrize("place", ["petshop/a.txt", "pets.md", "far/away/pets/a.txt", ".hidden/pets/a.txt"])
def test_other_files_are_not_taken_for_a_copy(tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert named.copy_in(tmp_path, "pets") is None


def test_dashes_and_underscores_are_alike_and_the_nearest_folder_wins(tmp_path):
    for place in ("text/my_pets/a.txt", "my-pets.txt", "my_pets/a.txt"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("x")
    assert named.copy_in(tmp_path, "my-pets") == tmp_path / "my_pets"
    assert named.copy_in(tmp_path / "text", "my-pets") == tmp_path / "text" / "my_pets"
    assert named.copy_in(tmp_path / "nothing", "my-pets") is None


def test_a_set_that_is_not_downloaded_says_where_to_get_and_to_put_it(tmp_path, server):
    (named.FOLDER / "plants.toml").write_text('title = "P"\norigin = "N, 2026"\nhome = "https://plants.example"\n')
    with pytest.raises(DataError, match="plants is not downloaded") as caught:
        resolve(tmp_path, "plants")
    assert "get it from https://plants.example, put it into DIR/plants/" in caught.value.fix


def test_an_empty_data_folder_is_not_taken_for_a_copy(tmp_path, server):
    server.pages = {"/home/a.gz": CONTENT, "/home/b.gz": CONTENT}
    (tmp_path / "data" / "pets").mkdir(parents=True)
    assert resolve(tmp_path, data_dir=tmp_path / "data") == tmp_path / "cache" / "downloads" / "pets"


def test_a_damaged_download_is_replaced(tmp_path, server):
    server.pages = {"/home/a.gz": CONTENT, "/home/b.gz": CONTENT}
    found = resolve(tmp_path)
    (found / "a.gz").write_bytes(CONTENT[:-1])
    assert (resolve(tmp_path) / "a.gz").read_bytes() == CONTENT


def test_the_next_address_is_tried_and_this_is_said(tmp_path, server):
    server.pages = {"/home/a.gz": b"?" * len(CONTENT), "/mirror/a.gz": CONTENT, "/mirror/b.gz": CONTENT}
    told = []
    assert (resolve(tmp_path, emit=told.append) / "a.gz").read_bytes() == CONTENT
    warnings = [event.text for event in told if isinstance(event, Said)]
    assert len(warnings) == 2
    assert "another content than expected" in warnings[0]
    assert "answers 404" in warnings[1]
    assert all("/mirror/" in text for text in warnings)


def test_where_no_address_works_the_error_says_where_to_put_a_copy(tmp_path, server):
    with pytest.raises(ResourceError, match="answers 404") as caught:
        resolve(tmp_path)
    assert server.requests == ["/home/a.gz", "/mirror/a.gz"]
    assert "put it into DIR/pets/" in caught.value.fix
    assert "--data-dir DIR" in caught.value.fix
    assert "GNOMON_DATA" in caught.value.fix
    assert len(str(caught.value).splitlines()) <= 8


def test_wrong_content_everywhere_is_a_data_error(tmp_path, server):
    server.pages = {"/home/a.gz": b"?" * len(CONTENT), "/mirror/a.gz": b"!" * len(CONTENT)}
    with pytest.raises(DataError, match="another content than expected"):
        resolve(tmp_path)


def test_a_disk_that_refuses_is_not_blamed_on_the_server(tmp_path, server):
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(ResourceError) as caught:
        resolve(tmp_path)
    assert caught.value.path is not None
    assert server.requests == []


def test_a_copy_under_another_name_is_found(tmp_path):
    (tmp_path / "tabular").mkdir()
    file = tmp_path / "tabular" / "adult_train.csv"
    file.write_text("age,income\n")
    assert named.resolve("adult", tmp_path, tmp_path / "cache", silent, lambda: False) == file
    assert named.describe("adult").target == "income"


def test_a_set_that_is_not_downloaded_says_where_it_can_be_had(tmp_path):
    with pytest.raises(DataError, match="is not downloaded") as error:
        named.resolve("covertype", tmp_path, tmp_path / "cache", silent, lambda: False)
    assert "archive.ics.uci.edu" in error.value.fix
