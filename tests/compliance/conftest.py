"""What these tests share is found beside them."""

import sys
from pathlib import Path

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parent))
