"""The workflows are pinned, bounded in time, ask no host for more than they say, and are clean by the linters."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yml"))}
ACTIONLINT = shutil.which("actionlint")


def lint(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_by_a_digest_that_says_its_version():
    used = [line for text in TEXTS.values() for line in re.findall(r"uses: (.*)", text)]
    named = [re.fullmatch(r"([\w/-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", line) for line in used]
    assert used and None not in named, used
    digests = {match[1]: match[2] for match in named}
    assert all(digests[match[1]] == match[2] for match in named), "one version of an action in all workflows"


def test_every_job_ends_in_time():
    jobs = [job for text in TEXTS.values() for job in yaml.safe_load(text)["jobs"].values()]
    assert jobs and all(job["timeout-minutes"] <= 60 for job in jobs)


def test_no_host_but_pytorchs_own_builds():
    hosts = {host for text in TEXTS.values() for host in re.findall(r"https?://([\w.-]+\.\w+)", text)}
    assert hosts == {"download.pytorch.org"}
    for name, text in TEXTS.items():
        assert yaml.safe_load(text)["env"] == {"PIP_EXTRA_INDEX_URL": "https://download.pytorch.org/whl/cpu"}, name


def test_cached_chapters_hang_on_all_that_chapters_are_made_from():
    key = re.search(r"key: chapters-.*hashFiles\((.*?)\)", TEXTS["main.yml"])[1]
    assert {"'notebooks/**'", "'symlib/**'", "'book/tiers.yml'", "'constraints.txt'"} <= set(key.split(", "))


def test_zizmor_finds_nothing():
    lint(Path(sys.executable).with_name("zizmor"), "--offline", "--pedantic", "--no-progress", str(FOLDER))


if ACTIONLINT:  # a program of its own, which the pull request's workflow installs

    def test_actionlint_finds_nothing():
        lint(ACTIONLINT, *map(str, FOLDER.glob("*.yml")))
