"""Downloads against a real HTTP server on loopback that misbehaves on request."""

import errno
import gzip
import hashlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import numpy as np
import pytest

from symlib.datasets.downloads import Remote, load

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
PACKED = gzip.compress(CONTENT, mtime=0)
HALF = len(PACKED) // 2
CACHED = "digits-idx3-ubyte"


class Handler(BaseHTTPRequestHandler):
    """Serves PACKED; the first folder of the path says how."""

    def do_GET(self):
        how, asked = self.path.split("/")[1], self.headers.get("Range")
        log, seen = self.server.log, sum(entry[0] == how for entry in self.server.log)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if how == "ignores-range":
            start = 0
        bad = {"corrupt": PACKED[:-9] + b"corrupted", "not-gzip": b"<html>hello</html>"}
        bad |= {"unpacks": CONTENT, "packs-again": gzip.compress(PACKED)}
        if how == "breaks-a-chunk" and not seen:  # and not between two, as a connection that is reset
            log.append((how, asked, HALF))
            self.protocol_version = "HTTP/1.1"
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n" % HALF + PACKED[:HALF] + b"\r\n%x\r\n" % len(PACKED) + PACKED[HALF : HALF + 9])
            self.close_connection = True
            return None
        body = bad.get(how, PACKED)
        if how == "gone":
            log.append((how, asked, 0))
            return self.send_error(404)
        if start >= len(body):
            log.append((how, asked, 0))
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if start:
            shown = 0 if how == "wrong-range" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        if how == "calls-it-an-encoding":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        end = len(body)
        if how == "always-breaks":
            end = start + HALF // 3
        elif how in ("breaks", "ignores-range", "calls-it-an-encoding") and not seen:
            end = HALF
        sent = body[start:end]
        log.append((how, asked, len(sent)))
        for at in range(0, len(sent), 50_000):
            self.wfile.write(sent[at : at + 50_000])
            if how == "slow":
                time.sleep(0.1)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Quiet when a client that was refused hangs up."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server with a log of (folder, Range, bytes sent), and an empty cache."""
    monkeypatch.setenv("SYMLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("SYMLIB_DATA", raising=False)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.log = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def remote(server, *folders, **options):
    port = server.server_address[1]
    mirrors = tuple(f"http://127.0.0.1:{port}/{folder}/" for folder in folders)
    digest = hashlib.sha256(PACKED if options.get("packed") else CONTENT).hexdigest()
    return Remote(f"{CACHED}.gz", mirrors, digest, **options)


def in_cache(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


@pytest.mark.parametrize("packed", [False, True])
def test_a_good_file_is_fetched_once(server, tmp_path, packed):
    for _ in range(2):
        assert load(remote(server, "good", packed=packed)) == CONTENT
    assert server.log == [("good", None, len(PACKED))]
    assert in_cache(tmp_path) == [CACHED + ".gz" * packed, f"{CACHED}.gz.lock"]


@pytest.mark.parametrize("bad", ["corrupt", "not-gzip", "gone"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_next_mirror_replaces_a_bad_one(server, tmp_path, bad, packed):
    assert load(remote(server, bad, "good", packed=packed)) == CONTENT
    assert [entry[0] for entry in server.log] == [bad, "good"]
    assert in_cache(tmp_path) == [CACHED + ".gz" * packed, f"{CACHED}.gz.lock"]


def test_a_broken_connection_resumes_and_fetches_no_byte_twice(server):
    assert load(remote(server, "breaks")) == CONTENT
    assert server.log == [
        ("breaks", None, HALF),
        ("breaks", f"bytes={HALF}-", len(PACKED) - HALF),
    ]


def test_a_later_call_resumes_what_an_earlier_one_left(server, tmp_path):
    partial = tmp_path / "cache" / f"{CACHED}.gz.part"
    partial.parent.mkdir()
    partial.write_bytes(PACKED[:1000])
    assert load(remote(server, "good")) == CONTENT
    assert server.log == [("good", "bytes=1000-", len(PACKED) - 1000)]


def test_a_download_that_stopped_after_its_last_byte_is_used(server, tmp_path):
    partial = tmp_path / "cache" / f"{CACHED}.gz.part"
    partial.parent.mkdir()
    partial.write_bytes(PACKED)
    assert load(remote(server, "good")) == CONTENT
    assert server.log == [("good", f"bytes={len(PACKED)}-", 0)]


@pytest.mark.parametrize("length", [5000, len(PACKED) + 5000])
def test_a_partial_file_of_other_bytes_is_begun_anew(server, tmp_path, length):
    partial = tmp_path / "cache" / f"{CACHED}.gz.part"
    partial.parent.mkdir()
    partial.write_bytes(bytes(length))
    assert load(remote(server, "good")) == CONTENT
    assert server.log[-1] == ("good", None, len(PACKED))


def test_a_server_that_ignores_range_sends_the_whole_again(server):
    assert load(remote(server, "ignores-range")) == CONTENT
    assert server.log == [
        ("ignores-range", None, HALF),
        ("ignores-range", f"bytes={HALF}-", len(PACKED)),
    ]


def test_a_server_that_sends_another_range_is_refused(server, tmp_path):
    partial = tmp_path / "cache" / f"{CACHED}.gz.part"
    partial.parent.mkdir()
    partial.write_bytes(PACKED[:1000])
    with pytest.raises(ConnectionError, match="bytes from 1000 on, got Content-Range: bytes 0-"):
        load(remote(server, "wrong-range"))


def test_a_connection_that_always_breaks_ends_and_keeps_what_came(server, tmp_path):
    with pytest.raises(ConnectionError, match="no mirror gave it"):
        load(remote(server, "always-breaks"))
    received = sum(entry[2] for entry in server.log)
    assert (tmp_path / "cache" / f"{CACHED}.gz.part").read_bytes() == PACKED[:received]
    assert load(remote(server, "good")) == CONTENT
    assert server.log[-1] == ("good", f"bytes={received}-", len(PACKED) - received)


def test_when_all_mirrors_fail_each_is_listed_with_the_remedy(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path / "mine"))
    asked = remote(server, "gone", "corrupt", "not-gzip")
    nobody = "http://127.0.0.1:9/"  # the discard port: nothing listens there
    with pytest.raises(ConnectionError) as caught:
        load(Remote(asked.name, (nobody, *asked.mirrors), asked.sha256))
    message = str(caught.value)
    for said in (nobody, "refused", "/gone/", "404", "/corrupt/", "unpack", "/not-gzip/", "begins with b'<html>"):
        assert said in message
    for remedy in (f"SYMLIB_DATA={tmp_path / 'mine'}", "set SYMLIB_DATA", 'split="bundled"'):
        assert remedy in message
    assert in_cache(tmp_path) == [f"{CACHED}.gz.lock"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_damaged_in_the_cache_is_fetched_anew(server, tmp_path, packed):
    asked = remote(server, "good", packed=packed)
    load(asked)
    path = tmp_path / "cache" / (CACHED + ".gz" * packed)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert load(asked) == CONTENT
    assert len(server.log) == 2


def test_two_processes_fetch_a_file_once(server):
    asked = remote(server, "slow")
    code = (
        "import hashlib; from symlib.datasets.downloads import Remote, load; "
        f"print(hashlib.sha256(load({asked!r})).hexdigest())"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": os.environ}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    printed = [process.communicate(timeout=120) for process in both]
    assert [out.strip() for out, _ in printed] == [asked.sha256] * 2, printed
    assert server.log == [("slow", None, len(PACKED))]


@pytest.mark.parametrize("name", [f"{CACHED}.gz", CACHED, f"sub/{CACHED}.gz", f"sub/{CACHED}"])
def test_symlib_data_comes_first_packed_or_not(server, tmp_path, monkeypatch, name):
    (tmp_path / "sub").mkdir()
    (tmp_path / name).write_bytes(PACKED if name.endswith(".gz") else CONTENT)
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path))
    assert load(remote(server, "good", folders=(".", "sub"))) == CONTENT
    assert server.log == []


def test_symlib_data_without_the_file_falls_back_to_the_download(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path / "empty"))
    assert load(remote(server, "good")) == CONTENT
    assert len(server.log) == 1


@pytest.mark.parametrize("content", [PACKED[:-20], gzip.compress(b"another file", mtime=0), b"another file"])
def test_a_wrong_file_in_symlib_data_is_named_and_left_alone(server, tmp_path, monkeypatch, content):
    path = tmp_path / f"{CACHED}.gz"
    path.write_bytes(content)
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=f"{CACHED}.gz (has SHA-256|does not unpack).*unset SYMLIB_DATA"):
        load(remote(server, "good"))
    assert path.read_bytes() == content and server.log == []


@pytest.mark.parametrize("how", ["calls-it-an-encoding", "unpacks", "packs-again"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_mirror_that_packs_or_unpacks_on_the_way(server, how, packed):
    for _ in range(2):
        assert load(remote(server, how, packed=packed)) == CONTENT
    assert len(server.log) == (2 if how == "calls-it-an-encoding" else 1)  # whose connection breaks once


def test_a_connection_that_breaks_within_a_chunk_resumes(server):
    assert load(remote(server, "breaks-a-chunk")) == CONTENT
    assert server.log[1][1].startswith("bytes=")


def test_a_file_packed_again_is_still_the_same(tmp_path, monkeypatch):
    published = gzip.compress(CONTENT, 9, mtime=0)
    one = Remote("x.gz", (), hashlib.sha256(published).hexdigest(), packed=True)
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path))
    (tmp_path / "x.gz").write_bytes(gzip.compress(CONTENT, 1, mtime=5))
    assert load(one) == CONTENT
    (tmp_path / "x.gz").write_bytes(CONTENT)
    assert load(one) == CONTENT
    (tmp_path / "x.gz").write_bytes(gzip.compress(CONTENT[::-1], 1, mtime=5))
    with pytest.raises(ValueError, match="damaged or belongs to another data set"):
        load(one)


def test_a_tilde_is_the_home_folder(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SYMLIB_CACHE", "~/kept")
    monkeypatch.chdir(tmp_path)
    assert load(remote(server, "good")) == CONTENT
    assert (tmp_path / "kept" / CACHED).exists() and not (tmp_path / "~").exists()
    monkeypatch.setenv("SYMLIB_DATA", "~/kept")
    assert load(remote(server, "gone")) == CONTENT


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SYMLIB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match="could not be written.*set SYMLIB_CACHE"):
        load(remote(server, "good"))


@pytest.mark.parametrize("step", ["_complete", "replacing"])
def test_a_full_disk_is_no_fault_of_the_mirrors(server, monkeypatch, step):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"symlib.datasets.downloads.{step}", full)
    with pytest.raises(OSError, match="could not be written: No space left on device.*SYMLIB_CACHE") as caught:
        load(remote(server, "good", "good"))
    assert caught.value.errno == errno.ENOSPC and len(server.log) <= 1


@pytest.mark.parametrize("error", [OSError(errno.ENOSYS, "Function not implemented"), NotImplementedError("no flock")])
def test_a_file_system_without_locks(server, tmp_path, monkeypatch, error):
    def no_locks(*_, **__):
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", no_locks)
    with pytest.raises(ConnectionError):
        load(remote(server, "always-breaks"))
    assert load(remote(server, "good")) == CONTENT
    assert [name for name in in_cache(tmp_path) if not name.endswith(".lock")] == [CACHED]


def test_a_lock_whose_holder_brings_nothing_holds_nobody_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr("symlib.datasets.downloads._PATIENCE", 0.2)
    (tmp_path / "cache").mkdir()
    with filelock.FileLock(tmp_path / "cache" / f"{CACHED}.gz.lock"), ThreadPoolExecutor() as other:
        assert other.submit(load, remote(server, "good")).result() == CONTENT


def test_a_file_that_was_kept_packed_is_used(server, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f"{CACHED}.gz").write_bytes(gzip.compress(CONTENT, 1))
    assert load(remote(server, "gone")) == CONTENT and server.log == []


def test_nothing_needs_fcntl_and_symlib_alone_needs_no_network_library():
    code = (
        "import sys; sys.modules['fcntl'] = None\n"
        "import symlib, symlib.sweeps, symlib.datasets.downloads\n"
        "print([name for name in ('requests', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_former_path():
    import symlib.downloads as former

    assert former.load is load and former.Remote is Remote and former.requests.get
