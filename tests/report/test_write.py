from dataclasses import replace

import pytest
from planted import hostile
from samples import ALL, SNAPSHOT, failed_logins, make

from trailbook import canonical
from trailbook.errors import EvidenceError
from trailbook.objects import FolderStore
from trailbook.plan import Run
from trailbook.report import prefix, write


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "reports")


def written(store, report):
    if not list(store.keys(report.outcome.snapshot.key)):
        store.put_new(report.outcome.snapshot.key, SNAPSHOT, "application/vnd.apache.parquet")
    return write(store, report, snapshot=report.outcome.snapshot)


@pytest.mark.parametrize("name", ["failed-logins", "incomplete"])
def test_the_manifest_is_the_golden_one(name, store, golden):
    products = written(store, ALL[name]())
    golden(f"{name}.manifest.json", store.get(products.manifest.key))


@pytest.mark.parametrize("make_report", [failed_logins, hostile])
def test_the_manifest_names_every_file_with_its_digest_and_size(store, make_report):
    report = make_report()
    products = written(store, report)
    manifest = canonical.loads(store.get(products.manifest.key))
    folder = report.outcome.prefix
    assert {f"{folder}/{file['name']}" for file in manifest["files"]} | {products.manifest.key} == set(store.keys(""))
    for file in manifest["files"]:
        body = store.get(f"{folder}/{file['name']}")
        assert (file["sha256"], file["size"]) == (canonical.sha256(body), len(body))
    assert canonical.sha256(store.get(products.manifest.key)) == products.manifest.sha256
    assert manifest["verdict"] == "fail"
    assert products.report_uri.endswith("report.html")


def test_a_report_written_again_by_a_retry_is_the_same_and_no_error(store):
    first = written(store, failed_logins())
    kept = {key: store.get(key) for key in store.keys("")}
    assert written(store, failed_logins()) == first
    assert {key: store.get(key) for key in store.keys("")} == kept


@pytest.mark.parametrize("lost", ["manifest.json", "findings.csv", "report.html"])
def test_a_step_that_was_killed_halfway_is_finished_by_its_retry(store, lost):
    report = failed_logins()
    whole = written(store, report)
    (store.root / report.outcome.prefix / lost).unlink()
    (store.root / whole.manifest.key).unlink(missing_ok=True)
    assert written(store, report) == whole


def test_other_bytes_under_the_same_key_are_refused_and_nothing_is_overwritten(store):
    report = failed_logins()
    products = written(store, report)
    kept = store.get(products.manifest.key)
    other = replace(report, versions=(("trailbook", "9.9.9"),))
    with pytest.raises(EvidenceError, match="another report of this run is there already"):
        written(store, other)
    assert store.get(products.manifest.key) == kept


def test_a_snapshot_elsewhere_is_refused(store):
    report = failed_logins()
    with pytest.raises(EvidenceError, match=r"expected the snapshot at .*/result\.parquet"):
        write(store, report, snapshot=replace(report.outcome.snapshot, key="elsewhere/result.parquet"))


def test_the_folder_is_runbook_window_start_and_run():
    plan = make([], run=Run("manual-1")).plan
    assert prefix(plan) == "auth-failed-logins/2026-11-02T000000Z/manual-1"
    assert prefix(replace(plan, run=Run("manual-1", attempt=3))) == f"{prefix(plan)}.3"


def test_no_run_id_leaves_its_folder_or_meets_another_run_s():
    plan = make([]).plan
    runs = [Run("a"), Run("a", attempt=2), Run("a.2"), Run("../a"), Run("a/b"), Run(".."), Run("."), Run(""), Run("\0")]
    folders = [prefix(replace(plan, run=run)) for run in runs]
    assert len(set(folders)) == len(runs)
    assert all(folder.count("/") == 2 and "/." not in folder for folder in folders)
