"""Query executions of Athena's API: started, described, listed, stopped."""

from typing import Any

from trailbook.local.athena_call import Call, Operation
from trailbook.local.athena_failures import athena_error
from trailbook.local.athena_shapes import Refused, page
from trailbook.local.athena_store import ACCOUNT
from trailbook.local.engine.engine import ENGINE_VERSION
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.statements import CreateTableAs, CreateView, InsertInto, Query, Unload, parse_statement
from trailbook.local.query_run import QueryRun
from trailbook.local.query_runs import ENDED, new_id
from trailbook.local.result_places import check_bucket, result_configuration
from trailbook.local.statement_kinds import kind_of

_LONGEST_TOKEN = 128
_MOST_SQL = 262_144


def start(call: Call) -> dict[str, Any]:
    """StartQueryExecution: what can be refused is refused before an execution is made."""
    sql, token = call.request["QueryString"], _token(call.request)
    group = call.group()
    if group["State"] != "ENABLED":
        raise Refused(f"WorkGroup {group['Name']} is disabled.")
    settings = result_configuration(call.request.get("ResultConfiguration") or {}, group)
    check_bucket(settings)
    kind = kind_of(sql)
    _check_text(sql)
    context = call.request.get("QueryExecutionContext") or {}
    reuse = (call.request.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    identifier, location = new_id(), settings.pop("OutputLocation")
    wanted = QueryRun(
        identifier,
        sql,
        (context.get("Database") or "default").lower(),
        group["Name"],
        kind.output(location, identifier),
        ACCOUNT,
        call.region,
        token=token,
        statement=kind.statement,
        substatement=kind.substatement,
        reuse_minutes=int(reuse.get("MaxAgeInMinutes", 60)) if reuse.get("Enabled") else -1,
        cutoff=int(group["Configuration"].get("BytesScannedCutoffPerQuery") or 0),
        location=location,
        context=context,
        parameters=call.request.get("ExecutionParameters") or [],
        settings=settings,
    )
    try:
        return {"QueryExecutionId": call.runs.start(wanted).id}
    except LookupError as error:
        raise Refused(str(error.args[0]), detail="IDEMPOTENT_PARAMETER_MISMATCH") from None


def _token(request: dict[str, Any]) -> str:
    found = request.get("ClientRequestToken")
    if not isinstance(found, str):
        raise Refused("clientRequestToken is null or empty")
    if len(found.encode()) > _LONGEST_TOKEN:
        raise Refused(f"clientRequestToken exceeds maximum allowed length {_LONGEST_TOKEN}")
    return found


def _check_text(sql: str) -> None:
    """Raise Refused for a text that is no statement."""
    if len(sql.encode()) > _MOST_SQL:
        raise Refused(f"queryString exceeds maximum allowed length {_MOST_SQL}")
    try:
        statement = parse_statement(sql)
        if isinstance(statement, Query):
            parse_query(statement.sql)
        elif isinstance(statement, CreateTableAs | InsertInto | Unload | CreateView):
            parse_query(statement.query)
    except SqlError as error:
        if error.code == "SYNTAX_ERROR":
            raise Refused(str(error).removeprefix("SYNTAX_ERROR: "), detail="MALFORMED_QUERY") from None


def execution(call: Call, identifier: str) -> QueryRun:
    """Return the execution of an id. Raises Refused where this region has none."""
    found = call.runs.get(identifier)
    if found is None or found.region != call.region:
        raise Refused(f"QueryExecution {identifier} was not found", detail="QUERY_EXECUTION_NOT_FOUND")
    return found


def get(call: Call) -> dict[str, Any]:
    """GetQueryExecution."""
    return {"QueryExecution": _described(execution(call, call.request["QueryExecutionId"]))}


def batch(call: Call) -> dict[str, Any]:
    """BatchGetQueryExecution: those that are there, and why the others are not."""
    found, missing = [], []
    for identifier in dict.fromkeys(call.request["QueryExecutionIds"]):
        try:
            found.append(_described(execution(call, identifier)))
        except Refused as error:
            missing.append({"QueryExecutionId": identifier, "ErrorCode": error.detail, "ErrorMessage": str(error)})
    return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}


def listed(call: Call) -> dict[str, Any]:
    """ListQueryExecutions of a work group, the newest first."""
    group = call.group()["Name"]
    names = [run.id for run in call.runs.listed(call.region, group)]
    shown, more = page(f"executions {group}", names, call.request)
    return {"QueryExecutionIds": shown} | more


def stop(call: Call) -> dict[str, Any]:
    """StopQueryExecution; stopping an ended execution changes nothing."""
    call.runs.stop(execution(call, call.request["QueryExecutionId"]).id)
    return {}


def runtime(call: Call) -> dict[str, Any]:
    """GetQueryRuntimeStatistics."""
    found = execution(call, call.request["QueryExecutionId"])
    statistics = _statistics(found)
    rows = {"InputBytes": found.scanned, "OutputRows": found.rows}
    answer: dict[str, Any] = {
        "Timeline": {name: value for name, value in statistics.items() if name.endswith("InMillis")},
        "Rows": rows,
    }
    if found.state == "SUCCEEDED":
        answer["OutputStage"] = {"StageId": 0, "State": "FINISHED", **rows}
    return {"QueryRuntimeStatistics": answer}


def _described(found: QueryRun) -> dict[str, Any]:
    context = {name: value.lower() if name == "Catalog" else value for name, value in found.context.items()}
    reuse: dict[str, Any] = {"Enabled": found.reuse_minutes >= 0}
    if found.reuse_minutes >= 0:
        reuse["MaxAgeInMinutes"] = found.reuse_minutes
    managed = "ManagedQueryResultsConfiguration" in found.settings  # then a client learns of no place
    place = {"ResultConfiguration": {"OutputLocation": found.output} | found.settings}
    more: dict[str, Any] = dict(found.settings) if managed else place
    if found.parameters:
        more["ExecutionParameters"] = found.parameters
    return more | {
        "QueryExecutionId": found.id,
        "Query": found.sql,
        "StatementType": found.statement,
        "SubstatementType": found.substatement,
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": reuse},
        "QueryExecutionContext": context,
        "Status": _status(found),
        "Statistics": _statistics(found),
        "WorkGroup": found.workgroup,
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE_VERSION},
    }


def _status(found: QueryRun) -> dict[str, Any]:
    state = found.state
    status: dict[str, Any] = {"State": state, "SubmissionDateTime": round(found.submitted, 3)}
    if state in ENDED:
        status["CompletionDateTime"] = round(found.completed, 3)
        if found.reason:
            status["StateChangeReason"] = found.reason
    return status | ({"AthenaError": athena_error(found.reason)} if state == "FAILED" else {})


def _statistics(found: QueryRun) -> dict[str, Any]:
    total = max(0, int((found.completed - found.submitted) * 1000)) if found.state in ENDED else 0
    known = found.engine_ms + found.queue_ms + found.planning_ms
    more = {"DataManifestLocation": found.manifest} if found.manifest else {}
    return more | {
        "EngineExecutionTimeInMillis": found.engine_ms,
        "DataScannedInBytes": found.scanned,
        "TotalExecutionTimeInMillis": total,
        "QueryQueueTimeInMillis": found.queue_ms,
        "ServicePreProcessingTimeInMillis": 0,
        "QueryPlanningTimeInMillis": found.planning_ms,
        "ServiceProcessingTimeInMillis": max(0, total - known),
        "ResultReuseInformation": {"ReusedPreviousResult": found.reused},
    }


OPERATIONS: dict[str, Operation] = {
    "StartQueryExecution": start,
    "GetQueryExecution": get,
    "BatchGetQueryExecution": batch,
    "ListQueryExecutions": listed,
    "StopQueryExecution": stop,
    "GetQueryRuntimeStatistics": runtime,
}
