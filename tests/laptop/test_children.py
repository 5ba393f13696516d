"""Children never outlive the command that started them, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from trailbook.errors import DeploymentError
from trailbook.laptop.children import Children, environment, free_port, listening

# A parent whose child starts a grandchild (which ignores SIGTERM where argv[2] says so), and waits.
_PARENT = """
import sys, time
from pathlib import Path
from trailbook.laptop.children import Children, end_on_signals, environment
end_on_signals()
stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if sys.argv[2] == "stubborn" else ""
grandchild = f"import signal, time; {stubborn} time.sleep(600)"
child = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {grandchild!r}]); time.sleep(600)"
with Children(Path(sys.argv[1])) as children:
    children.start("child", [sys.executable, "-c", child], environment({}))
    time.sleep(600)
"""


def _descendants(pid: int, count: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = psutil.Process(pid).children(recursive=True)
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the parent never had {count} descendants")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_the_command_ends(how: signal.Signals, tmp_path: Path) -> None:
    manner = "stubborn" if how is signal.SIGKILL else "polite"
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path), manner], stderr=subprocess.DEVNULL)
    family = _descendants(parent.pid, 3)  # the tether, the child, the grandchild
    os.kill(parent.pid, how)
    parent.wait(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=30)
    for process in alive:
        process.kill()
    assert not alive


def test_a_child_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        command = [sys.executable, "-c", "print('the last words'); raise SystemExit(3)"]
        child = children.start("brief", command, environment({}))
        child.process.wait(timeout=30)
        with pytest.raises(DeploymentError, match=r"brief ended with exit code 3(.|\n)*the last words"):
            children.check()


def test_waiting_ends_when_a_child_does(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("brief", [sys.executable, "-c", "raise SystemExit(1)"], environment({}))
        with pytest.raises(DeploymentError, match="brief ended"):
            children.wait_for(lambda: False, "never", 60)


def test_the_environment_of_children_has_none_of_our_callers_aws_or_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AIRFLOW_HOME", "/srv/airflow")
    monkeypatch.setenv("TRAILBOOK_LEDGER", "s3://real")
    env = environment({"AWS_REGION": "us-east-1"})
    assert {name for name in env if name.startswith(("AWS_", "AIRFLOW", "TRAILBOOK_"))} == {"AWS_REGION"}


def test_a_free_port_is_free() -> None:
    assert not listening(free_port())
