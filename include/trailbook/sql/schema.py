"""The logical relation `cloudtrail`: its columns and their Hive types, as AWS documents the CloudTrail table.

Source: "Create a table for CloudTrail logs in Athena using partition projection" (Amazon Athena user guide). Nested
request and response fields are JSON text, since their shape differs by service.
"""

from collections.abc import Mapping
from types import MappingProxyType

LOGICAL_TABLE = "cloudtrail"
"""The name that a runbook's SQL reads."""

_USER_IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
    "username:string,onbehalfof:struct<userid:string,identitystorearn:string>,"
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,"
    "ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
)

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "eventversion": "string",
        "useridentity": _USER_IDENTITY,
        "eventtime": "string",
        "eventsource": "string",
        "eventname": "string",
        "awsregion": "string",
        "sourceipaddress": "string",
        "useragent": "string",
        "errorcode": "string",
        "errormessage": "string",
        "requestparameters": "string",
        "responseelements": "string",
        "additionaleventdata": "string",
        "requestid": "string",
        "eventid": "string",
        "readonly": "string",
        "resources": "array<struct<arn:string,accountid:string,type:string>>",
        "eventtype": "string",
        "apiversion": "string",
        "recipientaccountid": "string",
        "serviceeventdetails": "string",
        "sharedeventid": "string",
        "vpcendpointid": "string",
        "vpcendpointaccountid": "string",
        "eventcategory": "string",
        "addendum": "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>",
        "sessioncredentialfromconsole": "string",
        "edgedevicedetails": "string",
        "tlsdetails": "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>",
    }
)
"""Column name (lower case, in table order) to Hive type."""
