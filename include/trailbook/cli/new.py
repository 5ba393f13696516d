"""`trailbook new ID`: a runbook to start from, which passes `check` and `test` as it is."""

import argparse
import os
import re
import sys
from pathlib import Path
from string import Template

from trailbook.cli import printable
from trailbook.errors import InvalidRequest
from trailbook.runbook.collection import files
from trailbook.runbook.model import SLUG
from trailbook.settings import Settings

HELP = "a runbook to start from"

_LONGEST_ID = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "id", metavar="ID", help="lower-case words joined by hyphens; becomes the file's and DAG's name"
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to write it (default: TRAILBOOK_RUNBOOKS)")


def run(args: argparse.Namespace) -> int:
    """Write the file and print its path. Raises InvalidRequest where the id is no id, or is taken."""
    settings = Settings.from_env()
    folder: Path = args.folder or settings.runbooks
    if not re.fullmatch(SLUG, args.id) or len(args.id) > _LONGEST_ID:
        raise InvalidRequest(f"expected an id such as auth-failed-logins, found {args.id!r}")
    taken = [
        path for root in {folder, settings.runbooks} if root.is_dir() for path in files(root) if path.stem == args.id
    ]
    if taken:
        raise InvalidRequest(f"expected a new id, found `{args.id}` at {taken[0]}")
    path = folder / f"{args.id}.yaml"
    schema = Path(os.path.relpath(settings.runbooks / "schema.json", folder)).as_posix()
    text = _TEMPLATE.substitute(id=args.id, title=args.id.replace("-", " ").capitalize(), schema=schema)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}") from error
    print(printable(str(path)))
    print(f"next: edit it, then `trailbook check {path}` and `trailbook test {args.id}`", file=sys.stderr)
    return 0


_TEMPLATE = Template("""\
# yaml-language-server: $$schema=$schema
id: $id
title: $title
description: Who deleted or stopped a trail, how often, and whether it was denied. Say here what a manager would ask.
status: experimental
severity: medium
owner: security-operations
references:
  - https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
falsepositives:
  - A trail that is replaced by another one, by the people who run the platform.

schedule: {cron: "0 2 * * *", window: 1d, settle: 2h}

params:
  event_names:
    type: array
    items: {type: string}
    default: [DeleteTrail, StopLogging]
    title: Event names to look for
  users:
    type: array
    items: {type: string}
    default: []
    title: Only these users (empty = all)

query: |
  SELECT
    recipientaccountid AS account_id,
    useridentity.arn AS principal_arn,
    eventname AS event_name,
    count(*) AS events,
    count_if(errorcode IS NOT NULL) AS denied,
    slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
  FROM cloudtrail
  WHERE eventsource = 'cloudtrail.amazonaws.com'
    AND eventname IN (:event_names)
    AND useridentity.username IN (:users)
  GROUP BY 1, 2, 3

result:
  kind: aggregate
  key: [account_id, principal_arn, event_name]
  measures: [events, denied]

expect: no_new_findings

guide: |
  1. Ask the person or team behind `principal_arn` whether they did this, and why.
  2. If nobody knows, treat the credentials as stolen: disable them, then look at what else they did.

cases:
  - name: a deleted trail is found, with the attempt that was denied before
    events:
      - {eventSource: cloudtrail.amazonaws.com, eventName: DeleteTrail, errorCode: AccessDenied,
         userIdentity: {type: IAMUser, arn: "arn:aws:iam::111122223333:user/alice", userName: alice}}
      - {eventSource: cloudtrail.amazonaws.com, eventName: DeleteTrail,
         userIdentity: {type: IAMUser, arn: "arn:aws:iam::111122223333:user/alice", userName: alice}}
    rows:
      - {principal_arn: "arn:aws:iam::111122223333:user/alice", event_name: DeleteTrail, events: 2, denied: 1}
  - name: reading about trails is not found
    events:
      - {eventSource: cloudtrail.amazonaws.com, eventName: DescribeTrails,
         userIdentity: {type: IAMUser, arn: "arn:aws:iam::111122223333:user/alice", userName: alice}}
    rows: []
""")
