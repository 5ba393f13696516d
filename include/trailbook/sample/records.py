"""One CloudTrail record: the fields, their order and their presence as AWS writes them (event version 1.11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trailbook.sample.identities import Json

EVENT_VERSION = "1.11"
_REGIONLESS_HOSTS = {
    "iam": "iam.amazonaws.com",
    "sts": "sts.amazonaws.com",
    "organizations": "organizations.us-east-1.amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked of which service, and what came back; who, when and from where are added by `record`.

    `source` is the service's short name (`s3`); `category` is `Management` or `Data`.
    """

    source: str
    name: str
    read_only: bool
    request: Json | None = None
    response: Json | None = None
    additional: Json | None = None
    resources: Sequence[Mapping[str, str]] = ()
    category: str = "Management"
    event_type: str = "AwsApiCall"
    api_version: str = ""
    error_code: str = ""
    error_message: str = ""
    service_details: Json | None = None
    host: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The account and region that record an event."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from: `ip` may be an address or a service's name."""

    ip: str
    agent: str
    endpoint: str = ""
    console: bool = False


def record(
    call: Call, place: Place, origin: Origin, *, identity: object, time: str, request_id: str, event_id: str, shared: str
) -> Json:
    """Return one record in AWS's field order. A field that does not apply is absent, not null."""
    out: Json = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": identity,
        "eventTime": time,
        "eventSource": f"{call.source}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": place.region,
        "sourceIPAddress": origin.ip,
        "userAgent": origin.agent,
    }
    if call.error_code:
        out["errorCode"] = call.error_code
    if call.error_message:
        out["errorMessage"] = call.error_message
    out["requestParameters"] = call.request
    out["responseElements"] = call.response
    if call.additional is not None:
        out["additionalEventData"] = call.additional
    if request_id:
        out["requestID"] = request_id
    out["eventID"] = event_id
    out["readOnly"] = call.read_only
    if call.resources:
        out["resources"] = list(call.resources)
    out["eventType"] = call.event_type
    if call.api_version:
        out["apiVersion"] = call.api_version
    out["managementEvent"] = call.category == "Management"
    out["recipientAccountId"] = place.account
    if call.service_details is not None:
        out["serviceEventDetails"] = call.service_details
    if call.shared:
        out["sharedEventID"] = shared
    if origin.endpoint:
        out["vpcEndpointId"] = origin.endpoint
        out["vpcEndpointAccountId"] = place.account
    out["eventCategory"] = call.category
    tls = _tls(call, place, origin)
    if tls is not None:
        out["tlsDetails"] = tls
    if origin.console:
        out["sessionCredentialFromConsole"] = "true"
    return out


def _tls(call: Call, place: Place, origin: Origin) -> Json | None:
    if call.event_type == "AwsServiceEvent" or origin.ip.endswith(".amazonaws.com"):
        return None
    host = call.host or _REGIONLESS_HOSTS.get(call.source) or f"{call.source}.{place.region}.amazonaws.com"
    return {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
