from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional, dataclass_transform

from .host import Host
from .reply import Reply, silent
from .types import ChatMessage, Digest, NewMemory, StreamContext, Turn


@dataclass
class About:
    """What a module says of itself; name and version are the project's if they are left out."""

    name: Optional[str] = None
    version: Optional[str] = None
    traits: tuple[str, ...] = ()


@dataclass
class Reflection:
    """What a reflection comes to. The host clamps every delta."""

    traits: dict[str, float] = field(default_factory=dict)
    relationships: dict[str, float] = field(default_factory=dict)
    memories: list[NewMemory] = field(default_factory=list)


@dataclass_transform(field_specifiers=(field,))
class Persona:
    """A persona: its state and what it does.

    Its annotated fields are its state; each needs a default, and is made of `bool`, `int`, `float`,
    `str`, `None`, lists, dicts with texts as keys, and dataclasses of these. Each call gets a fresh
    instance with what the call before left behind. The host makes the calls whose methods are written;
    without `on_firehose` nobody's message is put to the persona to be answered.
    """

    #: Raise it when the stored state means something else than before, and write `migrate`. A new
    #: field needs neither: it has its default.
    STATE_VERSION: ClassVar[int] = 1
    ABOUT: ClassVar[About] = About()

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        dataclass(cls)

    def on_context(self, turn: Turn, context: StreamContext, host: Host) -> Reply:
        """Something new on the stream; every two seconds at most."""
        return silent("does not watch the stream")

    def on_firehose(self, turn: Turn, messages: list[ChatMessage], host: Host) -> Reply:
        """New messages in the room; none at all if the host only asks again for an answer."""
        return silent("does not read the chat")

    def reflect(self, turn: Turn, digest: Digest, host: Host) -> Reflection:
        """A quiet moment to think about what happened. The default changes nothing."""
        return Reflection()

    def migrate(self, version: int, stored: Any, host: Host) -> None:
        """Takes over what state of another version holds: `stored` is its JSON, or None if it is none.

        The default starts anew and says so in the log.
        """
        host.warn(
            f"left state version {version} behind and started anew with version {self.STATE_VERSION}"
        )
