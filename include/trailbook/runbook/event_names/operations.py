"""The operations of AWS's services, as `operations.json` holds them, and how that file is made from botocore.

    python -m trailbook.runbook.event_names     (make event-names)

Invariants: the file is a function of the botocore that is installed, and a test holds the two together; nothing else
here imports botocore, and nothing looks at it when runbooks are checked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("operations.json")


@dataclass(frozen=True, slots=True)
class Service:
    """A service's operations, and what CloudTrail may write as its event source (without `.amazonaws.com`)."""

    name: str
    sources: tuple[str, ...]
    text: str

    @property
    def operations(self) -> list[str]:
        """The operations' names, sorted."""
        return self.text.split(" ")


@cache
def services() -> Mapping[str, Service]:
    """Return every service of the file by botocore's name for it."""
    held = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: Service(name, tuple(sources), text) for name, (sources, text) in held["services"].items()}


def installed() -> str:
    """Return the text that the file must have with the botocore that is installed."""
    import botocore
    from botocore.loaders import Loader

    loader = Loader()
    found: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for name in loader.list_available_services("service-2"):
        model = loader.load_service_model(name, "service-2")
        found[name] = model["metadata"], sorted(model["operations"])
    own = {name: _own(metadata) for name, (metadata, _) in found.items()}
    lines = [
        f'"{name}": {json.dumps([_sources(name, own), " ".join(operations)])}'
        for name, (_, operations) in sorted(found.items())
    ]
    body = ",\n".join(lines)
    return f'{{"botocore": "{botocore.__version__}", "services": {{\n{body}\n}}}}\n'


def _own(metadata: Mapping[str, Any]) -> list[str]:
    """Return what requests are signed and addressed with: CloudTrail's source is one of them, nearly always."""
    return list(
        dict.fromkeys(str(metadata[key]).lower() for key in ("signingName", "endpointPrefix") if key in metadata)
    )


def _sources(name: str, own: Mapping[str, list[str]]) -> list[str]:
    """Return a service's own names without one that is another service's name, which that one does not use itself.

    CloudWatch's newer parts sign as `cloudwatch`, but CloudWatch writes `monitoring`.
    """
    kept = [source for source in own[name] if source == name or source in own.get(source, [source])]
    return kept or own[name]
