"""Finds where the project is published: the one place that knows the repository's address."""

import os
import re
import subprocess
from typing import NamedTuple

# The branch to which the main workflow publishes the Colab copies of the chapters.
COLAB_BRANCH = "colab"


class Repository(NamedTuple):
    """A public GitHub repository (`url`), and the commit that the built book was made from."""

    url: str
    commit: str

    @property
    def site(self):
        """Address of the published book on GitHub Pages."""
        owner, name = self.url.split("/")[-2:]
        host = f"https://{owner.lower()}.github.io"
        return host if name.lower() == f"{owner}.github.io".lower() else f"{host}/{name}"

    @property
    def requirement_source(self):
        """What stands after `symlib @` in an install command."""
        return f"git+{self.url}@{self.commit}"


def find_repository(root):
    """The repository named by the environment or by the Git remote of `root`, else None.

    SYMLIB_REPOSITORY comes first, then GITHUB_SERVER_URL with GITHUB_REPOSITORY (GitHub's own
    runners set them), then the remote `origin`. An address that is not GitHub's gives None: only
    GitHub notebooks open on Colab.
    """
    env = os.environ
    address = env.get("SYMLIB_REPOSITORY")
    if address is None and "GITHUB_REPOSITORY" in env:
        address = f"{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{env['GITHUB_REPOSITORY']}"
    if address is None:
        address = _git(root, "remote", "get-url", "origin")
    url = normalise(address)
    if url is None:
        return None
    return Repository(url, commit_of(root) or "main")


def commit_date(root):
    """Date of the commit that is checked out in `root` ("2026-11-25"); None outside of a repository."""
    return _git(root, "log", "-1", "--format=%cs") or None


def commit_of(root):
    """The commit that is checked out in `root`; None outside of a repository."""
    return os.environ.get("GITHUB_SHA") or _git(root, "rev-parse", "HEAD") or None


def install_source(repository):
    """What the Colab copies install symlib from: $SYMLIB_SOURCE, else the repository, else None."""
    return os.environ.get("SYMLIB_SOURCE") or (repository and repository.requirement_source)


def normalise(address):
    """https://github.com/OWNER/REPO for any spelling of a GitHub address, else None.

    >>> normalise("git@github.com:ada/symlib.git")
    'https://github.com/ada/symlib'
    >>> normalise("https://token@github.com/ada/symlib/")
    'https://github.com/ada/symlib'
    >>> normalise("/srv/git/symlib") is None
    True
    """
    pattern = r"(?:[a-z+]+://)?(?:[^@/\s]+@)?github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?"
    match = re.fullmatch(pattern, (address or "").strip())
    return f"https://github.com/{match[1]}/{match[2]}" if match else None


def _git(root, *arguments):
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
