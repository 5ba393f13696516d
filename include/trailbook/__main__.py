"""`python -m trailbook` is the `trailbook` command."""

import sys

from trailbook.cli import main

if __name__ == "__main__":
    sys.exit(main())
