"""GetQueryResults of Athena's API: a finished execution's rows in pages, with the columns' metadata.

What is asked for is checked in Athena's own order: the execution, the size of a page, the state, the token.
"""

from typing import Any

from trailbook.local.athena_call import Call, Operation
from trailbook.local.athena_queries import execution
from trailbook.local.athena_shapes import MOST_ROWS, Refused, after, column, token
from trailbook.local.query_run import QueryRun

_NO_COUNT = ("DESCRIBE_TABLE", "SHOW_CREATE_TABLE", "EXPLAIN")


def results(call: Call) -> dict[str, Any]:
    """GetQueryResults."""
    found = execution(call, call.request["QueryExecutionId"])
    size = int(call.request.get("MaxResults") or MOST_ROWS)
    if size > MOST_ROWS:
        raise Refused(f"MaxResults is more than maximum allowed length {MOST_ROWS}")
    if call.request.get("QueryResultType") == "DATA_MANIFEST":
        raise Refused("QueryResultType DATA_MANIFEST is not supported by the local Athena")
    if found.state == "FAILED" and found.statement != "DML" and found.output.endswith(".txt"):
        return {"ResultSet": {"Rows": []}}
    rows = _rows(call, found)
    start = _start(call, found, len(rows))
    shown = rows[start : start + size]
    metadata = {"ColumnInfo": [column(name, kind) for name, kind in found.columns]}
    answer: dict[str, Any] = {
        "ResultSet": {
            "Rows": [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in shown],
            "ResultSetMetadata": metadata,
        }
    }
    count = _count(found)
    if count is not None:
        answer["UpdateCount"] = count
    if shown and len(shown) == size:  # a full page has a token, also where nothing follows it
        answer["NextToken"] = token(found.id, str(start + size))
    return answer


def _rows(call: Call, found: QueryRun) -> list[list[str | None]]:
    """Return the rows of the result object, a query's header first. Raises Refused where there is no result."""
    if found.state in ("QUEUED", "RUNNING"):
        message = f"Query has not yet finished. Current state: {found.state}"
        raise Refused(message, detail="INVALID_QUERY_EXECUTION_STATE")
    if found.state == "FAILED":
        message = f"Query did not finish successfully. Final query state: {found.state}"
        raise Refused(message, detail="INVALID_QUERY_EXECUTION_STATE")
    if found.state == "CANCELLED":
        raise Refused("Could not find results", detail="RESULT_NOT_FOUND")
    try:
        return call.runs.rows(found)
    except FileNotFoundError:
        raise Refused("Could not find results", detail="RESULT_NOT_FOUND") from None


def _start(call: Call, found: QueryRun, rows: int) -> int:
    given = call.request.get("NextToken")
    if given is None:
        return 0
    place = after(found.id, given)
    if place is None or int(place) > rows:
        raise Refused(f"Malformed nextPageToken {given}")
    return int(place)


def _count(found: QueryRun) -> int | None:
    if found.update_count is not None or found.substatement in _NO_COUNT or found.statement == "DDL":
        return found.update_count
    return 0


OPERATIONS: dict[str, Operation] = {"GetQueryResults": results}
