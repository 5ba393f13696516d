import importlib.util
import random
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("kill_endpoint", Path(__file__).with_name("kill_endpoint.py"))
kill_endpoint = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(kill_endpoint)


def test_whatever_was_acknowledged_is_there_after_kill_9_in_the_middle_of_writes(tmp_path):
    done = kill_endpoint.Acknowledged()
    chance = random.Random(7)  # noqa: S311  # repeatable, not secret
    for n in range(2):
        kill_endpoint.round_of_writes(tmp_path / "state", done, 70 + n, chance.uniform(0.4, 1.2))
    counts = done.count()
    process, url = kill_endpoint.start(tmp_path / "state")
    try:
        kill_endpoint.check(url, done)
    finally:
        process.kill()
        process.wait()
    assert all(counts[kind] for kind in ("versions", "tables", "prepared", "named", "groups", "queries")), counts
