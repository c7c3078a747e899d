"""Files are whole or not there, and what keeps them from being written is said with their path."""

import errno
import os
from collections import namedtuple

import pytest

from symlib.support.files import check_writable, expanded, replacing


def test_a_failure_leaves_the_former_content_and_nothing_else(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(b"before")
    with pytest.raises(KeyError), replacing(path) as file:
        file.write(b"half")
        raise KeyError("in between")
    assert path.read_bytes() == b"before"
    assert [found.name for found in tmp_path.iterdir()] == ["numbers"]


@pytest.mark.parametrize(
    "cause, kind, message",
    [
        (OSError(errno.ENOSPC, "No space left on device"), OSError, "No space left on device"),
        (OSError(errno.EACCES, "Permission denied"), PermissionError, "Permission denied"),
        (OSError("100 requested and 7 written"), OSError, r"100 requested and 7 written \(no space left on the disk\)"),
    ],
)
def test_the_cause_and_the_path_are_named(tmp_path, monkeypatch, cause, kind, message):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("symlib.support.files.shutil.disk_usage", lambda folder: usage(0))
    with (
        pytest.raises(kind, match=rf"numbers could not be written: {message}") as caught,
        replacing(tmp_path / "numbers"),
    ):
        raise cause
    assert caught.value.errno == cause.errno
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FileExistsError, match="numbers could not be written: .*file is a file and no folder"),
        replacing(tmp_path / "file" / "numbers"),
    ):
        pass


def test_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with replacing(os.path.join("~", "sub", "numbers")) as file:
        file.write(b"1")
    assert (tmp_path / "sub" / "numbers").read_bytes() == b"1"
    assert expanded("~/sub") == tmp_path / "sub" and expanded("a/~") == expanded("a") / "~"


def test_whether_a_place_can_be_written_is_seen_and_leaves_nothing(tmp_path):
    check_writable(tmp_path / "sub" / "numbers")
    assert list(tmp_path.rglob("*")) == [tmp_path / "sub"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="could not be written"):
        check_writable(tmp_path / "file" / "numbers")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_writable(pipe)
        with replacing(pipe) as file:
            file.write(b"1 2 3")
        assert os.read(reader, 10) == b"1 2 3"
    finally:
        os.close(reader)
    assert pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


def test_what_a_device_refuses_is_named(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no device that is always full")
    alias = tmp_path / "full"  # a link: without the rule the test itself would replace nothing but this
    alias.symlink_to("/dev/full")
    with pytest.raises(OSError, match="full could not be written: No space left"), replacing(alias) as file:
        file.write(b"1")
    assert alias.is_symlink()
