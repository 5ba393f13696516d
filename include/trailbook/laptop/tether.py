"""Run a command that ends when its parent does, even where the parent was killed with -9.

`python -m trailbook.laptop.tether COMMAND…` holds the reading end of a pipe on standard input; the kernel closes the
other end with the parent, whatever ended it, on Linux and macOS alike. Then the command's whole tree is stopped.
"""

import os
import select
import signal
import subprocess
import sys

from trailbook.laptop import trees

_GRACE_SECONDS = 6.0


def main(command: list[str]) -> int:
    """Run the command to its end, or stop its tree when standard input closes or a signal asks; return its code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the parent's own command
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    while process.poll() is None:
        ready, _, _ = select.select([0, wake_reader], [], [], 5.0)
        if 0 in ready and not os.read(0, 1):
            return _stop(process)
        if wake_reader in ready and set(os.read(wake_reader, 64)) - {signal.SIGCHLD}:
            return _stop(process)
    return process.returncode


def _stop(process: subprocess.Popen[bytes]) -> int:
    trees.stop([process.pid], _GRACE_SECONDS)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
