"""Folders that environment variables name, and the cache where none does."""

from pathlib import Path

import platformdirs
import pytest

from symlib.support.cache_folder import cache_folder, environment_folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("SYMLIB_CACHE", raising=False)
    return tmp_path


def test_by_default_the_users_cache_folder():
    assert cache_folder() == Path(platformdirs.user_cache_dir("symlib"))


@pytest.mark.parametrize("value", ["~/kept", "$HOME/kept", "${HOME}/kept", " ~/kept "])
def test_home_is_expanded(home, monkeypatch, value):
    monkeypatch.setenv("SYMLIB_CACHE", value)
    assert cache_folder() == environment_folder("SYMLIB_CACHE") == home / "kept"


@pytest.mark.parametrize("value", ["", " "])
def test_a_variable_without_a_value_is_not_set(monkeypatch, value):
    monkeypatch.setenv("SYMLIB_CACHE", value)
    assert environment_folder("SYMLIB_CACHE") is None


def test_a_home_that_is_not_known_is_no_folder_named_tilde(monkeypatch):
    monkeypatch.setenv("SYMLIB_CACHE", "~nobody-of-that-name/kept")
    with pytest.raises(OSError, match="SYMLIB_CACHE=~nobody.*write the path in full.*set SYMLIB_CACHE"):
        cache_folder()
