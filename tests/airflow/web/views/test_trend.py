import re

from summaries import run

from trailbook.airflow.web.views.trend import BAR, HEIGHT, LEAST, RUNS, STEP, trend


def test_each_run_is_a_bar_of_its_verdict_the_newest_at_the_right() -> None:
    plot = trend([run("pass"), run("fail", new=4, open=4), run("error"), run("fail", new=1, open=1)])
    assert plot is not None
    bars = {name: re.findall(r"M(\d+) \d+v-(\d+)h(\d+)v\d+z", path) for name, path in plot.paths}
    right = (RUNS - 1) * STEP
    assert bars == {
        "fail": [(f"{right - 2 * STEP}", f"{HEIGHT}", f"{BAR}"), (f"{right}", "13", f"{BAR}")],
        "error": [(f"{right - STEP}", f"{LEAST}", f"{BAR}")],
        "pass": [(f"{right - 3 * STEP}", f"{LEAST}", f"{BAR}")],
    }
    assert plot.width == RUNS * STEP


def test_the_label_says_what_the_plot_shows() -> None:
    plot = trend([run("fail", new=12, open=1200), run("pass"), run("incomplete")])
    assert plot is not None
    assert plot.label == "Last 3 runs: 1 fail, 1 incomplete, 1 pass; at most 1,200 open findings"
    assert trend([]) is None


def test_runs_without_findings_are_still_seen() -> None:
    plot = trend([run("pass")] * RUNS)
    assert plot is not None
    ((_, path),) = plot.paths
    assert path.count(f"v-{LEAST}h") == RUNS
    assert path.startswith("M0 ")
