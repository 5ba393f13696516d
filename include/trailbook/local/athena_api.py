"""Athena's API over HTTP: a signed JSON request in, AWS's shapes and error codes out.

Every request is checked against botocore's model first. Whatever goes wrong inside is one sentence to the client, never
a traceback. Changes of records are saved before they are answered, one at a time.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.glue.models import glue_backends

from trailbook.local import (
    athena_catalogs,
    athena_groups,
    athena_model,
    athena_queries,
    athena_results,
    athena_saved,
    athena_store,
)
from trailbook.local.athena_call import Call, Operation
from trailbook.local.athena_shapes import Refused
from trailbook.local.query_runs import QueryRuns

_LOG = logging.getLogger(__name__)
_TARGET = re.compile(r"AmazonAthena\.(\w+)")
_RUNNING: dict[str, Operation] = athena_queries.OPERATIONS | athena_results.OPERATIONS
_KEPT: dict[str, Operation] = athena_groups.OPERATIONS | athena_saved.OPERATIONS | athena_catalogs.OPERATIONS
_READS = ("Get", "List", "BatchGet")


@dataclass(frozen=True, slots=True)
class AthenaApi:
    """Answers requests from `runs` and `athena_store`; `save` keeps the store where a restart finds it."""

    runs: QueryRuns
    save: Callable[[], None]

    def answer(self, region: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Return the HTTP status and the JSON body for a request; `target` is its X-Amz-Target."""
        try:
            found = _TARGET.fullmatch(target)
            status, answer = 200, self._act(found[1] if found else "", region, body)
        except Refused as refusal:
            status, answer = 400, refusal.body()
        except Exception:  # a defect of ours must not show its inside to a client
            _LOG.exception("%s failed", target[:100])
            message = "The local Athena met an internal error; its log has more."
            status, answer = 500, {"__type": "InternalServerException", "Message": message}
        return status, json.dumps(answer).encode()

    def _act(self, name: str, region: str, body: bytes) -> dict[str, Any]:
        request = athena_model.read(name, body)
        if region not in glue_backends[athena_store.ACCOUNT]:
            message = f"Credential should be scoped to a valid region, not '{region[:50]}'."
            raise Refused(message, "InvalidSignatureException")
        call = Call(request, region, athena_store.region(region), self.runs)
        if name in _RUNNING:
            return _RUNNING[name](call)
        if name not in _KEPT:
            raise Refused(f"{name} is not supported by the local Athena")
        with athena_store.LOCK:
            answer = _KEPT[name](call)
            if not name.startswith(_READS):
                self.save()
        return answer
