"""Write a persona for chatter in Python.

A persona is a class that extends `Persona`; its annotated fields are its state. Nothing here needs
WebAssembly: the same code runs under `unittest` or `pytest`, with `chatter_persona.testkit` in the
host's place.
"""

from . import emote, line, words
from .chorus import Chorus
from .errors import LlmError, RecallError
from .host import Host
from .latest import keep_latest
from .persona import About, Persona, Reflection
from .prompt import Prompt, name, quote
from .reply import Reply, say, silent
from .style import Style, word_count
from .types import (
    Accepted,
    Author,
    AuthorKind,
    Budget,
    ChatMessage,
    ChatQuestion,
    Completion,
    Count,
    Digest,
    Dropped,
    Impulse,
    ImpulsePart,
    Keyword,
    Level,
    Limits,
    LineFate,
    MemoryEntry,
    MemoryKind,
    Message,
    NewMemory,
    Pending,
    Profile,
    Relationship,
    Request,
    Role,
    Room,
    Segment,
    StreamContext,
    StreamEvent,
    TraitValue,
    Trends,
    Turn,
)

__version__ = "0.1.0"

__all__ = [
    "About", "Accepted", "Author", "AuthorKind", "Budget", "ChatMessage", "ChatQuestion",
    "Chorus", "Completion", "Count", "Digest", "Dropped", "Host", "Impulse", "ImpulsePart", "Keyword",
    "Level", "Limits", "LineFate", "LlmError", "MemoryEntry", "RecallError", "MemoryKind",
    "Message", "NewMemory", "Pending", "Persona", "Profile", "Prompt", "Reflection",
    "Relationship", "Reply", "Request", "Role", "Room", "Segment", "StreamContext",
    "StreamEvent", "Style", "TraitValue", "Trends", "Turn", "emote", "keep_latest", "line",
    "name", "quote", "say", "silent", "word_count", "words",
]
