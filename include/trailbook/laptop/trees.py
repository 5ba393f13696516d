"""Process trees: a program and all that it started."""

import contextlib
from collections.abc import Iterable

import psutil


def stop(pids: Iterable[int], grace_seconds: float) -> None:
    """Ask the trees of some processes to end, wait that long, then kill what is left."""
    family = [process for pid in pids for process in _tree(pid)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=grace_seconds)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
