"""The deferred wait for a run's queries, in Airflow's triggerer."""

from typing import Any

from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger


class QueryTrigger(AthenaTrigger):
    """The provider's trigger for the runbook's query, which also stops both queries when a person kills the task."""

    def __init__(self, *, coverage_id: str, **kwargs: Any) -> None:
        """Keep the coverage query's execution id beside what AthenaTrigger takes."""
        super().__init__(**kwargs)
        self.coverage_id = coverage_id
        self.serialized_fields["coverage_id"] = coverage_id

    async def on_kill(self) -> None:
        """Stop both queries: nobody waits for them any more, and they cost money."""
        async with await self.hook().get_async_conn() as client:  # type: ignore[no-untyped-call]  # the provider's, untyped
            for execution_id in (self.serialized_fields["query_execution_id"], self.coverage_id):
                await client.stop_query_execution(QueryExecutionId=execution_id)
