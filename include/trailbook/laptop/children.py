"""Child processes that never outlive this one: whole trees are stopped, politely first, on every way out."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trailbook.errors import DeploymentError
from trailbook.laptop import trees

_GRACE_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Child:
    """One started program, its name for people, and the file that has its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise DeploymentError, with the last lines of its log, where it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            tail = self.log.read_text(errors="replace").splitlines()[-15:]
            raise DeploymentError(
                f"{self.name} ended with exit code {code}; its log {self.log} ends:\n" + "\n".join(tail)
            )


class Children:
    """The programs of one command. Use as a context manager; leaving it stops every tree it started."""

    def __init__(self, logs: Path) -> None:
        """Write each child's output to `logs/<name>.log`."""
        self._logs = logs
        self._children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Children":
        """Nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a program in a session of its own, so that Ctrl-C reaches only us and we stop it in order."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                [sys.executable, "-m", "trailbook.laptop.tether", *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run a program to its end. Raises DeploymentError with the end of its log where it fails."""
        child = self.start(name, command, env)
        if child.process.wait() != 0:
            child.check()

    def check(self) -> None:
        """Raise DeploymentError where a child that should be running has ended."""
        for child in self._children:
            if child.process.poll() not in (None, 0):
                child.check()

    def wait_for(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until `ready()`, while the children live. Raises DeploymentError where they do not or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise DeploymentError(f"{what} was not ready after {seconds:.0f} s; the logs are in {self._logs}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the trees of all children: ask, wait, then kill what is left, the last started first."""
        with _uninterrupted():
            trees.stop((child.process.pid for child in reversed(self._children)), _GRACE_SECONDS)
            for child in self._children:
                child.process.wait()
                if child.process.stdin is not None:
                    child.process.stdin.close()
            self._children.clear()


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listening(port: int) -> bool:
    """Tell whether something on loopback accepts connections at the port."""
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex(("127.0.0.1", port)) == 0


def end_on_signals() -> None:
    """Make SIGTERM and SIGHUP end this process as Ctrl-C does, so that its children are stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave processes behind."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with `extra`, and without what would point Airflow or boto3 elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_", "TRAILBOOK_"))}
    return kept | dict(extra)
