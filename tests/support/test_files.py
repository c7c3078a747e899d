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
