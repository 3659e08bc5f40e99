from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Optional


@dataclass
class Line:
    """A line to be said."""

    text: str
    reply_to: Optional[str] = None


class Reply:
    """What a persona says, or why it says nothing.

    The host takes lines that are one line each, not empty and no longer than
    `turn.limits.max_line_chars`; `line.tidy` makes such a line of any text.
    """

    def __init__(self, lines: list[Line], because: Optional[str]):
        self.lines = lines
        self.silent_because = because
        self.extensions: Optional[str] = None

    def reply_to(self, message_id: str) -> Reply:
        """The latest line answers the message with this id. Nothing happens without lines."""
        if self.lines:
            self.lines[-1].reply_to = message_id
        return self

    def and_say(self, text: str) -> Reply:
        """Says one more line."""
        self.lines.append(_said(text))
        self.silent_because = None
        return self

    def with_extensions(self, value: Any) -> Reply:
        """Hands the host a value, as JSON, that the contract has no field for yet."""
        self.extensions = json.dumps(value, allow_nan=False)
        return self


def say(text: str) -> Reply:
    """Says this line."""
    return Reply([_said(text)], None)


def silent(reason: str) -> Reply:
    """Says nothing, for this reason: a few words, for whoever asks why."""
    return Reply([], str(reason))


def _said(text: str) -> Line:
    if not isinstance(text, str):
        raise TypeError(f"say: the line is {type(text).__name__}, not str")
    return Line(text)
