"""`runbooks/schema.json`: the JSON Schema of a runbook, by which editors complete and check while a person types.

`python -m trailbook.runbook.schema > runbooks/schema.json` writes it; a test says when it is stale.
"""

import json
import sys
from typing import Any

from trailbook.runbook.model import Runbook


def schema() -> dict[str, Any]:
    """Return the schema, with the keys as they are written in YAML."""
    generated = Runbook.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Generated from the model: python -m trailbook.runbook.schema > runbooks/schema.json",
        **generated,
    }


def text() -> str:
    """Return the schema as the file has it."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
