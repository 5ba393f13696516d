"""`trailbook demo`, whole: a real Airflow, three days, and nothing left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

REPO = Path(__file__).resolve().parents[2]
_RUNBOOKS = (
    "auth-failed-logins",
    "change-unauthorised-key-resources",
    "iam-policy-changes",
    "s3-critical-bucket-activity",
)

pytestmark = pytest.mark.airflow


def _start(root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "trailbook", "demo", "--root", str(root)]
    return subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _mentioning(root: Path) -> list[psutil.Process]:
    """Return the processes that were started for this folder, however far from us in the tree."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(root) in " ".join(process.cmdline()) or process.environ().get("AIRFLOW_HOME", "").startswith(
                str(root)
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_the_demonstration_shows_each_runbook_and_day_and_verifies(tmp_path: Path) -> None:
    out, err = _start(tmp_path).communicate(timeout=600)
    assert "all as recorded" in out, err
    rows = [line.split() for line in out.splitlines() if line.startswith(_RUNBOOKS)]
    assert [row[0] for row in rows] == [runbook for runbook in _RUNBOOKS for _ in range(3)]
    assert [row[3] for row in rows[:3]] == ["fail", "pass", "fail"]
    assert rows[0][4:9] == ["6", "0", "0", "0", "1"]  # new, updated, unchanged, absent, suppressed of the first day
    for row in rows:
        assert Path(row[-1]).read_text().startswith("<!doctype html>")
    assert "verified: 4 chains, 12 entries, 72 report files" in out
    assert _mentioning(tmp_path) == []


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    demo = _start(tmp_path)
    deadline = time.monotonic() + 120
    while len(_mentioning(tmp_path)) < 5 and time.monotonic() < deadline:
        time.sleep(0.2)
    os.kill(demo.pid, signal.SIGINT)
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "interrupted" in err
    assert _mentioning(tmp_path) == []
