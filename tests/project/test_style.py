"""The tree is ruff-clean and formatted by the rules of pyproject.toml, notebooks included; commits are looked at."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def run(*command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_ruff_finds_nothing(command):
    run("ruff", *command.split(), "--output-format", "concise", ".")


def test_a_commit_is_checked_with_the_environments_own_ruff():
    run("pre_commit", "validate-config", ".pre-commit-config.yaml")
    configured = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in configured["repos"] for hook in repository["hooks"]]
    assert [repository["repo"] for repository in configured["repos"]] == ["local"]
    assert [hook["entry"].split()[:2] for hook in hooks[:2]] == [
        [".venv/bin/ruff", "check"],
        [".venv/bin/ruff", "format"],
    ]
