"""`trailbook local`: serve the embedded AWS (S3, Glue, SNS, Athena) on loopback until interrupted."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from trailbook.local.engine.cache import DEFAULT_BYTES
from trailbook.local.server import serve


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one (default)")
    parser.add_argument(
        "--cache-mib", type=_mebibytes, default=DEFAULT_BYTES // 2**20, metavar="N",
        help="most MiB on disk for logs that were read, as Parquet (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep S3, Glue and SNS here (default: in memory)")


def _mebibytes(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of MiB, found {value!r:.40}")
    return int(value)


def run(args: argparse.Namespace) -> int:
    """Serve. The first line on standard output is the endpoint."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with serve(args.state, port=args.port, host=args.host, cache_bytes=args.cache_mib * 2**20) as server:
        print(server.endpoint_url, flush=True)
        print("embedded AWS: any credentials; Ctrl-C stops it", file=sys.stderr)
        ended.wait()
    return 0
