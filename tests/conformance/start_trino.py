"""Fetch a Trino server from Maven Central, start it on loopback, and say where it is.

    python tests/conformance/start_trino.py [--port 18080] [--folder .trailbook/trino]

It needs a JDK 24 or later: JAVA_HOME, or the newest under /usr/lib/jvm. The server runs until it is stopped.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import time
import urllib.request
from pathlib import Path

from trino import Server, Unreachable

VERSION = "476"
ARCHIVE = f"https://repo1.maven.org/maven2/io/trino/trino-server/{VERSION}/trino-server-{VERSION}.tar.gz"
PLUGINS = ("memory",)
_LEAST_JAVA = 24
_PATIENCE = 180

_FILES = {
    "etc/node.properties": "node.environment=conformance\nnode.id=one\nnode.data-dir={data}\nnode.bind-ip=127.0.0.1\n",
    "etc/jvm.config": "-server\n-Xmx2500M\n-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n"
    "-Djdk.attach.allowAttachSelf=true\n-Duser.timezone=UTC\n",
    "etc/config.properties": "coordinator=true\nnode-scheduler.include-coordinator=true\n"
    "http-server.http.port={port}\ndiscovery.uri=http://127.0.0.1:{port}\nnode.internal-address=127.0.0.1\n"
    "query.max-memory=1GB\nquery.max-memory-per-node=1GB\n",
    "etc/catalog/memory.properties": "connector.name=memory\n",
}


def main() -> int:
    """Fetch, unpack, start, wait."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--folder", type=Path, default=Path(".trailbook/trino"))
    given = parser.parse_args()
    server = Server(f"http://127.0.0.1:{given.port}")
    home = _unpacked(given.folder.resolve())
    for name, content in _FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.format(port=given.port, data=given.folder.resolve() / "data"))
    java = _java()
    environment = os.environ | {"JAVA_HOME": str(java), "PATH": f"{java / 'bin'}:{os.environ['PATH']}"}
    with (given.folder / "server.log").open("w") as log:
        started = subprocess.Popen(
            [home / "bin/launcher", "run"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            version = server.version()
            break
        except Unreachable as error:
            if started.poll() is not None or time.monotonic() > deadline:
                print(f"{error}\nsee {given.folder / 'server.log'}", file=sys.stderr)
                return 1
            time.sleep(0.5)
    print(f"Trino {version} at {server.url}; stop it with: kill {started.pid}")
    return 0


def _unpacked(folder: Path) -> Path:
    home = folder / f"trino-server-{VERSION}"
    if (home / "bin/launcher").exists():
        return home
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "trino-server.tar.gz"
    print(f"… {ARCHIVE}", file=sys.stderr)
    urllib.request.urlretrieve(ARCHIVE, archive)
    with tarfile.open(archive) as packed:
        wanted = [m for m in packed if "/plugin/" not in m.name or m.name.split("/plugin/")[1].split("/")[0] in PLUGINS]
        linked = {m.linkname for m in wanted if m.islnk()}
        wanted += [m for m in packed.getmembers() if m.name in linked and m not in wanted]
        packed.extractall(folder, sorted(wanted, key=lambda m: m.islnk()), filter="tar")
    archive.unlink()
    return home


def _java() -> Path:
    if found := os.environ.get("JAVA_HOME"):
        return Path(found)
    homes = []
    for home in Path("/usr/lib/jvm").glob("*"):
        release = home / "release"
        told = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.exists() else None
        if told and int(told[1]) >= _LEAST_JAVA:
            homes.append((int(told[1]), home))
    if not homes:
        sys.exit(f"expected a JDK {_LEAST_JAVA} or later, found none: set JAVA_HOME")
    return max(homes)[1]


if __name__ == "__main__":
    sys.exit(main())
