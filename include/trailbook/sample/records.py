"""One CloudTrail record: the fields, their order and their presence as AWS writes them (event version 1.11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trailbook.sample.identities import Json

EVENT_VERSION = "1.11"
_ABSENT = object()
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
    call: Call,
    place: Place,
    origin: Origin,
    *,
    identity: object,
    time: str,
    request_id: str,
    event_id: str,
    shared: str,
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
        "errorCode": call.error_code or _ABSENT,
        "errorMessage": call.error_message or _ABSENT,
        "requestParameters": call.request,
        "responseElements": call.response,
        "additionalEventData": call.additional or _ABSENT,
        "requestID": request_id or _ABSENT,
        "eventID": event_id,
        "readOnly": call.read_only,
        "resources": list(call.resources) or _ABSENT,
        "eventType": call.event_type,
        "apiVersion": call.api_version or _ABSENT,
        "managementEvent": call.category == "Management",
        "recipientAccountId": place.account,
        "serviceEventDetails": call.service_details or _ABSENT,
        "sharedEventID": shared if call.shared else _ABSENT,
        "vpcEndpointId": origin.endpoint or _ABSENT,
        "vpcEndpointAccountId": place.account if origin.endpoint else _ABSENT,
        "eventCategory": call.category,
        "tlsDetails": _tls(call, place, origin) or _ABSENT,
        "sessionCredentialFromConsole": "true" if origin.console else _ABSENT,
    }
    return {name: value for name, value in out.items() if value is not _ABSENT}


def _tls(call: Call, place: Place, origin: Origin) -> Json | None:
    if call.event_type == "AwsServiceEvent" or origin.ip.endswith(".amazonaws.com"):
        return None
    host = call.host or _REGIONLESS_HOSTS.get(call.source) or f"{call.source}.{place.region}.amazonaws.com"
    return {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
