"""Names that the front end keeps beside the user's: flags of jumps, and results without a name."""

from __future__ import annotations

#: Of a call: whether it has returned, and what; whether it has raised.
RETURNED, RETURNED_VALUE, RAISED = "$returned", "$result", "$raised"
#: Whether the loop around is left, or its iteration.
BROKEN, CONTINUED = "$broken", "$continued"
#: Flags; one that is not there is not set.
FLAGS = (RETURNED, BROKEN, CONTINUED)


def shown(name: str) -> str:
    """A name in messages; what has no name in the user's program is described."""
    if name == RETURNED_VALUE:
        return "the returned value"
    return "what this expression gives" if name.startswith("$") else f"`{name}`"
