"""A file that a reader finds as it was or as it is now, never in part, whenever its writer is killed."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, body: bytes) -> None:
    """Write a file, in place of the one that may be there. Raises OSError; then nothing is left of the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
