"""Local copies of the reports, so that a browser opens them from disk."""

from pathlib import Path, PurePosixPath

from trailbook.objects import ObjectStore

_PAGE, _MANIFEST = "report.html", "manifest.json"


def mirror(reports: ObjectStore, folder: Path) -> list[Path]:
    """Copy each whole report's page that is not in the folder yet; return the new files."""
    fresh = []
    for key in reports.keys(""):
        if PurePosixPath(key).name != _MANIFEST:  # written last: a report without it is not whole
            continue
        page = str(PurePosixPath(key).with_name(_PAGE))
        path = folder / page
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reports.get(page))
            fresh.append(path)
    return fresh
