"""Athena's API on moto's dispatch: requests in, AWS's shapes and error codes out; the work is done in `query_runs`."""

import json
import re
from typing import Any

from moto.athena import urls
from moto.athena.models import athena_backends
from moto.athena.responses import AthenaResponse
from moto.s3.models import s3_backends

from trailbook.local.athena_shapes import MOST_ROWS, Refused, column, page, refuse, update
from trailbook.local.engine.ddl import is_ddl
from trailbook.local.engine.engine import ENGINE_VERSION
from trailbook.local.query_run import QueryRun
from trailbook.local.query_runs import ENDED, QueryRuns, new_id

_LOCATION = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)
_runs: QueryRuns | None = None


def install(runs: QueryRuns) -> None:
    """Answer Athena requests from `runs`; to be called before the first request."""
    global _runs  # moto makes a response object for each request and hands it nothing of ours
    _runs = runs
    urls.url_paths = {"{0}/$": LocalAthenaResponse.dispatch}


class LocalAthenaResponse(AthenaResponse):  # type: ignore[misc]  # moto publishes no types
    """The actions that execute; moto's own serve named queries, prepared statements and catalogues."""

    @property
    def _queries(self) -> QueryRuns:
        if _runs is None:
            raise Refused("the local Athena is not running", "InternalServerException")
        return _runs

    def _call(self, action: Any) -> Any:
        try:
            return json.dumps(action())
        except Refused as refusal:
            body = {"__type": refusal.code, "Message": str(refusal), "message": str(refusal)}
            if refusal.code == "InvalidRequestException":
                body["AthenaErrorCode"] = "INVALID_INPUT"
            return json.dumps(body), {"status": 400}

    def start_query_execution(self) -> Any:
        """StartQueryExecution."""
        return self._call(self._start)

    def get_query_execution(self) -> Any:
        """GetQueryExecution."""
        return self._call(lambda: {"QueryExecution": self._described(self._found(self._get_param("QueryExecutionId")))})

    def batch_get_query_execution(self) -> Any:
        """BatchGetQueryExecution."""
        return self._call(self._batch)

    def list_query_executions(self) -> Any:
        """ListQueryExecutions, the newest first, in pages."""
        return self._call(self._list)

    def stop_query_execution(self) -> Any:
        """StopQueryExecution; stopping an ended execution changes nothing."""
        return self._call(self._stop)

    def get_query_results(self) -> Any:
        """GetQueryResults, in pages; the first row of a query's first page is the header."""
        return self._call(self._results)

    def get_query_runtime_statistics(self) -> Any:
        """GetQueryRuntimeStatistics."""
        return self._call(self._runtime)

    def get_work_group(self) -> Any:
        """GetWorkGroup."""
        return self._call(lambda: {"WorkGroup": self._work_group(self._get_param("WorkGroup"))})

    def update_work_group(self) -> Any:
        """UpdateWorkGroup: description, state, and the settings that queries go by."""
        return self._call(self._update_work_group)

    def get_prepared_statement(self) -> Any:
        """GetPreparedStatement, with an error of AWS's where there is none."""
        key = self._get_param("StatementName")
        if key not in self.athena_backend.prepared_statements:
            return self._call(lambda: refuse(f"Prepared Statement {key} was not found", "ResourceNotFoundException"))
        return super().get_prepared_statement()

    def get_named_query(self) -> Any:
        """GetNamedQuery, with an error of AWS's where there is none."""
        key = self._get_param("NamedQueryId")
        if key not in self.athena_backend.named_queries:
            return self._call(lambda: refuse(f"NamedQuery {key} was not found"))
        return super().get_named_query()

    def _found(self, name: Any) -> QueryRun:
        found = self._queries.get(name) if isinstance(name, str) else None
        if found is None:
            raise Refused(f"QueryExecution {name} was not found")
        return found

    def _work_group(self, name: Any) -> dict[str, Any]:
        found: dict[str, Any] | None = athena_backends[self.current_account][self.region].get_work_group(name)
        if found is None:
            raise Refused(f"WorkGroup {name} is not found.")
        return found

    def _start(self) -> dict[str, str]:
        sql = self._get_param("QueryString")
        if not isinstance(sql, str) or not sql.strip():
            raise Refused("queryString is empty")
        if self._get_param("ExecutionParameters"):
            raise Refused("ExecutionParameters are not supported by the local Athena")
        group = self._get_param("WorkGroup") or "primary"
        settings = self._work_group(group)
        if settings.get("State", "ENABLED") != "ENABLED":
            raise Refused(f"WorkGroup {group} is disabled.")
        configuration = settings.get("Configuration") or {}
        name = new_id()
        ddl = is_ddl(sql)
        output = self._output(configuration) + name + (".txt" if ddl else ".csv")
        reuse = (self._get_param("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
        wanted = QueryRun(
            name,
            sql,
            ((self._get_param("QueryExecutionContext") or {}).get("Database") or "default").lower(),
            group,
            output,
            self.current_account,
            self.region,
            token=self._get_param("ClientRequestToken") or "",
            statement="DDL" if ddl else "DML",
            substatement=sql.split(None, 1)[0].upper() if ddl else "SELECT",
            reuse_minutes=int(reuse.get("MaxAgeInMinutes", 60)) if reuse.get("Enabled") else -1,
            cutoff=int(configuration.get("BytesScannedCutoffPerQuery") or 0),
        )
        try:
            return {"QueryExecutionId": self._queries.start(wanted).id}
        except LookupError as error:
            raise Refused(str(error.args[0])) from None

    def _output(self, configuration: dict[str, Any]) -> str:
        """Return where the result goes, ending in `/`; an enforcing work group's setting wins over the request's."""
        asked = (self._get_param("ResultConfiguration") or {}).get("OutputLocation") or ""
        set_ = (configuration.get("ResultConfiguration") or {}).get("OutputLocation") or ""
        location = set_ if (set_ and configuration.get("EnforceWorkGroupConfiguration")) else (asked or set_)
        if not location:
            raise Refused(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        found = _LOCATION.fullmatch(location)
        if found is None:
            raise Refused(f"outputLocation is not a valid S3 path: {location}")
        if found[1] not in s3_backends[self.current_account]["aws"].buckets:
            raise Refused(f"Unable to verify/create output bucket {found[1]}")
        return location if location.endswith("/") else location + "/"

    def _described(self, found: QueryRun) -> dict[str, Any]:
        total = int(((found.completed or found.submitted) - found.submitted) * 1000)
        status: dict[str, Any] = {"State": found.state, "SubmissionDateTime": found.submitted}
        if found.state in ENDED:
            status["CompletionDateTime"] = found.completed
        if found.reason:
            status["StateChangeReason"] = found.reason
        if found.state == "FAILED":
            internal = found.reason.startswith("GENERIC_INTERNAL_ERROR")
            status["AthenaError"] = {
                "ErrorCategory": 1 if internal else 2,
                "ErrorType": 401 if internal else 1006,
                "Retryable": False,
                "ErrorMessage": found.reason,
            }
        return {
            "QueryExecutionId": found.id,
            "Query": found.sql,
            "StatementType": found.statement,
            "SubstatementType": found.substatement,
            "ResultConfiguration": {"OutputLocation": found.output},
            "ResultReuseConfiguration": {
                "ResultReuseByAgeConfiguration": {"Enabled": found.reuse_minutes >= 0}
                | ({"MaxAgeInMinutes": found.reuse_minutes} if found.reuse_minutes >= 0 else {})
            },
            "QueryExecutionContext": {"Database": found.database, "Catalog": "awsdatacatalog"},
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": found.engine_ms,
                "DataScannedInBytes": found.scanned,
                "TotalExecutionTimeInMillis": total,
                "QueryQueueTimeInMillis": found.queue_ms,
                "QueryPlanningTimeInMillis": found.planning_ms,
                "ServicePreProcessingTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": max(0, total - found.engine_ms - found.queue_ms - found.planning_ms),
                "ResultReuseInformation": {"ReusedPreviousResult": found.reused},
            },
            "WorkGroup": found.workgroup,
            "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE_VERSION},
        }

    def _batch(self) -> dict[str, Any]:
        names = self._get_param("QueryExecutionIds") or []
        if len(names) > 50:
            raise Refused("queryExecutionIds: at most 50 ids")
        found = {name: self._queries.get(name) for name in names}
        return {
            "QueryExecutions": [self._described(run) for run in found.values() if run is not None],
            "UnprocessedQueryExecutionIds": [
                {
                    "QueryExecutionId": n,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": f"QueryExecution {n} was not found",
                }
                for n, run in found.items()
                if run is None
            ],
        }

    def _list(self) -> dict[str, Any]:
        group = self._get_param("WorkGroup") or "primary"
        self._work_group(group)
        names = [run.id for run in self._queries.listed(group)]
        start, size = page(self._get_param("NextToken"), self._get_param("MaxResults"), 50)
        answer: dict[str, Any] = {"QueryExecutionIds": names[start : start + size]}
        if start + size < len(names):
            answer["NextToken"] = str(start + size)
        return answer

    def _stop(self) -> dict[str, Any]:
        found = self._found(self._get_param("QueryExecutionId"))
        self._queries.stop(found.id)
        return {}

    def _results(self) -> dict[str, Any]:
        found = self._found(self._get_param("QueryExecutionId"))
        if found.state in ("QUEUED", "RUNNING"):
            raise Refused(f"Query has not yet finished. Current state: {found.state}")
        if found.state != "SUCCEEDED":
            raise Refused(f"Query did not finish successfully. Final query state: {found.state}")
        try:
            rows = self._queries.rows(found)
        except FileNotFoundError:
            raise Refused(f"Could not find results at {found.output}") from None
        start, size = page(self._get_param("NextToken"), self._get_param("MaxResults"), MOST_ROWS)
        shown = rows[start : start + size]
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in shown],
                "ResultSetMetadata": {"ColumnInfo": [column(name, kind) for name, kind in found.columns]},
            },
        }
        if start + size < len(rows):
            answer["NextToken"] = str(start + size)
        return answer

    def _runtime(self) -> dict[str, Any]:
        found = self._found(self._get_param("QueryExecutionId"))
        described = self._described(found)["Statistics"]
        times = ("QueryQueueTimeInMillis", "QueryPlanningTimeInMillis", "EngineExecutionTimeInMillis")
        more = ("ServiceProcessingTimeInMillis", "ServicePreProcessingTimeInMillis", "TotalExecutionTimeInMillis")
        return {
            "QueryRuntimeStatistics": {
                "Timeline": {name: described[name] for name in (*times, *more)},
                "Rows": {"InputBytes": found.scanned, "OutputRows": found.rows},
                "OutputStage": {
                    "StageId": 0,
                    "State": "FINISHED",
                    "OutputRows": found.rows,
                    "InputBytes": found.scanned,
                },
            }
        }

    def _update_work_group(self) -> dict[str, Any]:
        name = self._get_param("WorkGroup")
        self._work_group(name)
        group = athena_backends[self.current_account][self.region].work_groups[name]
        if (description := self._get_param("Description")) is not None:
            group.description = description
        if (state := self._get_param("State")) is not None:
            group.state = state
        update(group.configuration, self._get_param("ConfigurationUpdates") or {})
        return {}
