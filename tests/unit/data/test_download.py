import hashlib
import http.server
import threading
import time
from collections import deque

import pytest

from gnomon.core.errors import DataError, ResourceError, StoppedError
from gnomon.core.events import Said, Worked, silent
from gnomon.data.download import Patience, fetch

CONTENT = bytes(range(256)) * 1200
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HURRIED = Patience(answer_s=0.3, window_s=0.3, min_bytes=1000, attempts=3, pause_s=0.01)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT as a good server does, unless the server's script holds another behaviour for this request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append(dict(self.headers))
        script = self.server.script
        (script.popleft() if script else good)(self)

    def answer(self, status, body, headers=(), *, length=None, etag='"v1"'):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if etag:
            self.send_header("ETag", etag)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *args):
        pass


def good(handler, content=CONTENT, etag='"v1"'):
    wanted = handler.headers.get("Range")
    if wanted is None or handler.headers.get("If-Range") != etag:
        handler.answer(200, content, etag=etag)
        return
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    if start >= len(content):
        handler.answer(416, b"", [("Content-Range", f"bytes */{len(content)}")], etag=etag)
        return
    place = f"bytes {start}-{len(content) - 1}/{len(content)}"
    handler.answer(206, content[start:], [("Content-Range", place)], etag=etag)


def cut(handler, after=100_000, etag='"v1"'):
    handler.answer(200, CONTENT[:after], length=len(CONTENT), etag=etag)
    handler.close_connection = True


def stall(handler):
    handler.answer(200, CONTENT[:5000], length=len(CONTENT))
    handler.server.release.wait(5)
    handler.close_connection = True


def trickle(handler):
    handler.answer(200, b"", length=len(CONTENT))
    try:
        for i in range(200):
            if handler.server.release.wait(0.02):
                break
            handler.wfile.write(CONTENT[i : i + 1])
            handler.wfile.flush()
    except OSError:
        pass
    handler.close_connection = True


def status(code, headers=()):
    return lambda handler: handler.answer(code, b"no", headers)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.script, running.requests, running.release = deque(), [], threading.Event()
    running.url = f"http://127.0.0.1:{running.server_port}/file.bin"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.release.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def get(server, tmp_path):
    def get(*script, emit=silent, should_stop=lambda: False, **options):
        server.script.extend(script)
        options = {"sha256": SHA256, "num_bytes": len(CONTENT), "patience": HURRIED} | options
        return fetch(server.url, tmp_path / "sub" / "file.bin", emit=emit, should_stop=should_stop, **options)

    return get


def left(tmp_path):
    return sorted(path.name for path in (tmp_path / "sub").iterdir())


def test_a_file_arrives_whole_and_leaves_nothing_else(get, server, tmp_path):
    assert get().read_bytes() == CONTENT
    assert left(tmp_path) == ["file.bin"]
    assert len(server.requests) == 1
    assert "Range" not in server.requests[0]


def test_progress_is_told_up_to_the_end(get):
    events = []
    get(emit=events.append)
    assert events[-1] == Worked(what="downloading file.bin", done=len(CONTENT), total=len(CONTENT), unit="bytes")
    assert [event.done for event in events] == sorted(event.done for event in events)


def test_a_file_that_is_there_is_not_asked_for_again(get, server):
    get()
    get()
    assert len(server.requests) == 1


def test_a_damaged_file_is_replaced(get, server):
    get().write_bytes(CONTENT[:-1] + b"x")
    assert get().read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_cut_body_is_continued_from_where_it_ended(get, server):
    assert get(cut).read_bytes() == CONTENT
    assert server.requests[1]["Range"] == "bytes=100000-"
    assert server.requests[1]["If-Range"] == '"v1"'


def test_a_later_call_continues_what_an_earlier_one_left(get, server, tmp_path):
    with pytest.raises(ResourceError):
        get(cut, status(503), status(503), status(503))
    assert (tmp_path / "sub" / "file.bin.part").stat().st_size == 100_000
    assert get().read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=100000-"
    assert left(tmp_path) == ["file.bin"]


def test_a_server_that_ignores_range_is_read_from_the_start(get, server):
    assert get(cut, lambda handler: handler.answer(200, CONTENT)).read_bytes() == CONTENT
    assert "Range" in server.requests[1]


def test_without_a_validator_the_file_is_read_from_the_start(get, server):
    assert get(lambda handler: cut(handler, etag=None)).read_bytes() == CONTENT
    assert "Range" not in server.requests[1]


def test_a_weak_validator_is_not_trusted(get, server):
    get(lambda handler: cut(handler, etag='W/"v1"'))
    assert "Range" not in server.requests[1]


def test_a_date_serves_as_validator(get, server):
    date = "Mon, 23 Nov 2026 18:00:00 GMT"

    def dated(handler):
        handler.answer(200, CONTENT[:999], [("Last-Modified", date)], length=len(CONTENT), etag=None)
        handler.close_connection = True

    get(dated)
    assert server.requests[1]["If-Range"] == date


def test_a_version_that_changed_meanwhile_is_read_from_the_start(get):
    other = bytes(len(CONTENT))

    def new(handler):
        good(handler, other, '"v2"')

    assert get(cut, new, sha256=hashlib.sha256(other).hexdigest()).read_bytes() == other


def test_another_part_than_asked_for_is_not_used(get):
    def wrong(handler):
        handler.answer(206, CONTENT[5:], [("Content-Range", f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}")])

    assert get(cut, wrong).read_bytes() == CONTENT


def test_a_damaged_first_half_gives_the_whole_file_one_more_chance(get, tmp_path):
    with pytest.raises(ResourceError):
        get(cut, status(503), status(503), status(503))
    (tmp_path / "sub" / "file.bin.part").write_bytes(b"\0" * 100_000)
    events = []
    assert get(emit=events.append).read_bytes() == CONTENT
    assert any(isinstance(event, Said) and "starting again" in event.text for event in events)


@pytest.mark.parametrize("there", [len(CONTENT), len(CONTENT) + 7])
def test_416_ends_or_restarts_a_download_of_unknown_size(get, server, tmp_path, there):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file.bin.part").write_bytes((CONTENT + b"surplus")[:there])
    (tmp_path / "sub" / "file.bin.part.version").write_text('"v1"')
    assert get(num_bytes=None).read_bytes() == CONTENT
    assert len(server.requests) == (1 if there == len(CONTENT) else 2)


@pytest.mark.parametrize("behaviour", [stall, trickle])
def test_a_slow_server_is_given_up_and_asked_again(get, server, behaviour):
    started_s = time.monotonic()
    assert get(behaviour).read_bytes() == CONTENT
    assert time.monotonic() - started_s < 3
    assert len(server.requests) == 2


def test_passing_failures_are_tried_again(get, server):
    assert get(status(503, [("Retry-After", "0")]), status(500)).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_the_attempts_are_limited(get, server):
    with pytest.raises(ResourceError, match="the server answers 503") as caught:
        get(*[status(503)] * 9)
    assert len(server.requests) == 3
    assert server.url in str(caught.value)


def test_attempts_that_bring_something_new_are_not_counted(get, server):
    def piece(handler):
        wanted = handler.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        place = [("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")] if wanted else []
        handler.answer(206 if wanted else 200, CONTENT[start : start + 50_000], place, length=len(CONTENT) - start)
        handler.close_connection = True

    assert get(*[piece] * 7).read_bytes() == CONTENT
    assert len(server.requests) == 7


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_lasting_refusal_is_not_repeated(get, server, code):
    with pytest.raises(ResourceError, match=f"the server answers {code}"):
        get(status(code))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html><body>Please log in</body></html>", [("Content-Type", "text/html; charset=utf-8")]),
        (b"\n<!DOCTYPE html><html></html>", [("Content-Type", "application/octet-stream")]),
    ],
)
def test_a_web_page_is_not_taken_for_the_file(get, server, tmp_path, body, headers):
    with pytest.raises(DataError, match="answers with a web page"):
        get(lambda handler: handler.answer(200, body, headers), num_bytes=None)
    assert left(tmp_path) == []
    assert len(server.requests) == 1


def test_a_wrong_sum_is_refused_and_the_file_removed(get, tmp_path):
    with pytest.raises(DataError, match=r"has another content than expected: SHA-256 is [0-9a-f]{64}, not 0{64}"):
        get(sha256="0" * 64)
    assert left(tmp_path) == []


def test_a_file_of_another_size_is_refused_before_it_is_read(get, tmp_path):
    with pytest.raises(DataError, match="is a file of 307,200 bytes, not of 5"):
        get(num_bytes=5)
    assert left(tmp_path) == []


def test_a_length_that_is_too_large_is_not_believed_for_ever(get, server):
    def boast(handler):
        handler.answer(200, CONTENT, length=len(CONTENT) + 9, etag=None)
        handler.close_connection = True

    with pytest.raises(ResourceError, match="the connection ended after 307,200 of 307,209 bytes"):
        get(*[boast] * 9, num_bytes=None)
    assert len(server.requests) == 4


def test_a_body_without_length_is_read_to_its_end(get):
    def chunked(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(CONTENT), 100_000):
            piece = CONTENT[start : start + 100_000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    assert get(chunked, num_bytes=None).read_bytes() == CONTENT
    assert get().exists()


def test_a_chunked_body_that_is_cut_is_asked_for_again(get, server):
    def torn(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"ffff\r\n" + CONTENT[:50])
        handler.close_connection = True

    assert get(torn, num_bytes=None).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_redirect_is_followed_but_not_to_a_file(get, server, tmp_path):
    def redirect(where):
        return lambda handler: handler.answer(302, b"", [("Location", where)])

    assert get(redirect("/elsewhere")).read_bytes() == CONTENT
    (tmp_path / "secret").write_bytes(CONTENT)
    (tmp_path / "sub" / "file.bin").unlink()
    with pytest.raises(ResourceError, match="not allowed"):
        get(redirect((tmp_path / "secret").as_uri()))


def test_nobody_at_the_address_is_a_resource_error(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    closed = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    closed.server_close()
    with pytest.raises(ResourceError, match="cannot be downloaded") as caught:
        fetch(
            f"http://127.0.0.1:{closed.server_port}/x",
            tmp_path / "x",
            sha256=SHA256,
            emit=silent,
            should_stop=lambda: False,
            patience=HURRIED,
        )
    assert "network connection" in caught.value.fix


def test_a_stop_keeps_what_arrived(get, server, tmp_path):
    events = []
    with pytest.raises(StoppedError, match="was stopped after"):
        get(emit=events.append, should_stop=lambda: bool(events))
    assert 0 < (tmp_path / "sub" / "file.bin.part").stat().st_size <= len(CONTENT)
    assert get().read_bytes() == CONTENT


def test_a_stop_ends_a_pause(get):
    started_s = time.monotonic()
    slow = Patience(answer_s=1, attempts=3, pause_s=20)
    with pytest.raises(StoppedError):
        get(status(503), patience=slow, should_stop=lambda: time.monotonic() - started_s > 0.2)
    assert time.monotonic() - started_s < 5


def test_two_at_once_ask_the_server_once(get, server):
    def unhurried(handler):
        time.sleep(0.15)
        good(handler)

    server.script.append(unhurried)
    told = []
    threads = [threading.Thread(target=get, kwargs={"emit": told.append}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 1
    assert any(isinstance(event, Said) and "another process downloads" in event.text for event in told)


@pytest.mark.parametrize("fault", ["write:1:enospc", "rename:1:eio", "fsync:1:eio"])
def test_a_disk_that_refuses_is_named_and_nothing_false_is_left(get, tmp_path, monkeypatch, fault):
    monkeypatch.setenv("GNOMON_FAULT", fault)
    with pytest.raises(ResourceError) as caught:
        get()
    assert caught.value.path is not None
    assert not (tmp_path / "sub" / "file.bin").exists()
    monkeypatch.delenv("GNOMON_FAULT")
    assert get().read_bytes() == CONTENT


def test_a_download_larger_than_the_disk_is_not_begun(get, server):
    with pytest.raises(ResourceError, match=r"the download of file\.bin needs"):
        get(num_bytes=10**18)
    assert server.requests == []
