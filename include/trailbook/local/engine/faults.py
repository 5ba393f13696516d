"""How a Python function that DuckDB calls fails a query: by a Trino error, which TRY makes NULL, or by a refusal.

DuckDB's TRY catches what a function raises. A refusal (equality with Trino is not shown) must never become NULL, so it
is not raised: the function returns an object that no DuckDB type takes, and DuckDB fails the query by naming its class.
"""

from collections.abc import Callable
from typing import Any

Function = tuple[Callable[..., Any], list[str], str]
"""What `native` registers: a Python function, the DuckDB types of its parameters and of its result."""

MARK = "\u00a7"


class Failure(ValueError):
    """A Trino error, for example `Failure("INVALID_FUNCTION_ARGUMENT", "Index must be greater than zero")`."""

    def __init__(self, code: str, message: str) -> None:
        """Build the text that the engine recognises in DuckDB's message."""
        super().__init__(marked(code, message))


def marked(code: str, message: str) -> str:
    """Return an error as the text that the engine recognises in DuckDB's message."""
    return f"{MARK}{code}{MARK}{message.replace(MARK, ' ')}{MARK}"


def invalid(message: str) -> Failure:
    """Return the error that most functions raise for an argument."""
    return Failure("INVALID_FUNCTION_ARGUMENT", message)


def refusal(what: str) -> Any:
    """Return what a function returns where its answer is not known to be Trino's; TRY does not catch it."""
    return uncaught("NOT_SUPPORTED", f"{what} is not supported by the local Athena")


def uncaught(code: str, message: str) -> Any:
    """Return what a function returns to fail the query with an error that TRY does not catch."""
    return type(marked(code, message), (), {})()
