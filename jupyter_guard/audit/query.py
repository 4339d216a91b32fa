"""What somebody wants to see of an audit -> whether a record is of that kind."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from jupyter_guard.audit.record import Record
from jupyter_guard.audit.trail import is_telling


class Query(msgspec.Struct, frozen=True):
    """Conditions that all hold; empty ones always do.

    ``since`` and ``until`` have a time zone, the latter is not included. ``notebook`` is a part of its path,
    ``request`` the end of a message id, ``telling`` leaves out that a cell ran of which there is nothing to say.
    """

    since: datetime | None = None
    until: datetime | None = None
    origins: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    notebook: str = ""
    request: str = ""
    telling: bool = False

    def passes(self, record: Record) -> bool:
        """Whether ``record`` is wanted; one whose time cannot be read is not where a time is asked for."""
        when = moment(record)
        if (self.since or self.until) and when is None:
            return False
        if when is not None and ((self.since and when < self.since) or (self.until and when >= self.until)):
            return False
        return (
            (not self.origins or str(record.origin) in self.origins)
            and (not self.states or record.state in self.states)
            and (not self.users or record.user in self.users)
            and (not self.rules or any(one.rule in self.rules for one in record.findings))
            and self.notebook in record.notebook
            and record.msg_id.endswith(self.request)
            and (not self.telling or is_telling(record))
        )


def moment(record: Record) -> datetime | None:
    """When it was, or ``None`` when its time is none."""
    try:
        when = datetime.fromisoformat(record.time)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
