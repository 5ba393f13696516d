"""What AWS and botocore say, as the error tree says it: who must act, and whether trying again can help."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from trailbook.errors import DeploymentError, QueryFailed, ServiceUnavailable, TrailbookError

_TRY_AGAIN = {
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestTimeTooSkewed",
    "BandwidthLimitExceeded",
    "OperationAborted",
    "ConditionalRequestConflict",
}
_UNREACHED = (
    exceptions.ConnectionError,  # EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError …
    exceptions.HTTPClientError,  # ReadTimeoutError, ConnectionClosedError …
    exceptions.IncompleteReadError,
    exceptions.ResponseStreamingError,
)
_PLATFORM = re.compile(
    r"(table|schema|database|catalog|bucket)\b.{0,300}\bdoes not exist|(TABLE|SCHEMA|CATALOG)_NOT_FOUND|NoSuchBucket"
    r"|access ?denied|PERMISSION_DENIED|not authorized|insufficient (lake formation )?permission|HIVE_METASTORE_ERROR"
    r"|work ?group|output (location|bucket)|results? bucket|QueryExecution \S+ was not found",
    re.IGNORECASE | re.DOTALL,
)


@contextmanager
def speaking(doing: str) -> Iterator[None]:
    """Turn what a boto3-shaped client raises inside into an error of ours that begins with `doing`."""
    try:
        yield
    except ClientError as error:
        raise of_client(error, doing) from error
    except _UNREACHED as error:
        raise ServiceUnavailable(f"{doing}: AWS cannot be reached: {_line(error)}") from error
    except BotoCoreError as error:  # no credentials, no region, a bad endpoint …
        raise DeploymentError(f"{doing}: {_line(error)}") from error


def code(error: ClientError) -> str:
    """Return the error's code, such as `NoSuchKey` or `412`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status(error: ClientError) -> int:
    """Return the HTTP status; 0 where the error has none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def of_client(error: ClientError, doing: str) -> TrailbookError:
    """Return the error of ours that an error answer of AWS is."""
    name, message = code(error), error.response.get("Error", {}).get("Message", "")
    sentence = f"{doing}: {name}: {message}" if message else f"{doing}: {name}"
    http = status(error)
    if "Throttl" in name or name in _TRY_AGAIN or http == 429 or (http >= 500 and http != 501):
        return ServiceUnavailable(sentence)
    if name == "InvalidRequestException" and not _PLATFORM.search(message):
        return QueryFailed(sentence)  # Athena refuses some SQL before it runs it
    return DeploymentError(sentence)


def of_failed_query(doing: str, reason: str, *, system: bool, retryable: bool) -> TrailbookError:
    """Return the error of ours that a FAILED query execution is; `reason` is Athena's StateChangeReason."""
    sentence = f"{doing} failed: {reason}"
    if system and retryable:
        return ServiceUnavailable(sentence)
    return DeploymentError(sentence) if _PLATFORM.search(reason) else QueryFailed(sentence)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
