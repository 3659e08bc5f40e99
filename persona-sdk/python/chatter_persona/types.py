"""The records of the contract, `wit/persona.wit`, which documents each field.

In the sandbox the host's values come as these very classes: see `component.py`. So the order of the
fields and the numbers of the enums are the contract's.
"""

import random
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional, Union

from . import words


class AuthorKind(Enum):
    """What an author is."""

    VIEWER = 0
    PERSONA = 1
    MODERATOR = 2
    SYSTEM = 3


@dataclass
class Author:
    """Who wrote a message. Remember people by `id`; names are not unique and change."""

    id: str
    name: str
    kind: AuthorKind


@dataclass
class ChatMessage:
    """A message of the room."""

    id: str
    author: Author
    text: str
    reply_to: Optional[str]
    mentions: list[str]
    sent_at: int

    @property
    def is_human(self) -> bool:
        """Whether a person wrote it."""
        return self.author.kind in (AuthorKind.VIEWER, AuthorKind.MODERATOR)


@dataclass
class Room:
    """The room."""

    id: str
    title: str


@dataclass
class TraitValue:
    """A property of a persona: 0 to 1; for a drift or a delta -1 to 1."""

    name: str
    value: float


@dataclass
class Relationship:
    """How the persona stands to somebody."""

    author_id: str
    name: str
    warmth: float
    note: str


@dataclass
class Profile:
    """Who the persona is in this room."""

    id: str
    name: str
    bio: str
    style: str
    traits: list[TraitValue]
    drift: list[TraitValue]
    relationships: list[Relationship]

    def is_me(self, author_id: str) -> bool:
        """Whether this author id is the persona's own."""
        return author_id == f"persona:{self.id}"

    def trait(self, name: str, default: float = 0.0) -> float:
        """A trait with its drift, 0 to 1; `default` if it is not configured."""

        def find(values: list[TraitValue], otherwise: float) -> float:
            return next((one.value for one in values if one.name == name), otherwise)

        return min(1.0, max(0.0, find(self.traits, default) + find(self.drift, 0.0)))

    def relationship(self, author_id: str) -> Optional[Relationship]:
        """How it stands to this author, if it knows them."""
        return next((one for one in self.relationships if one.author_id == author_id), None)


@dataclass
class Count:
    """How often something occurred."""

    term: str
    count: int


@dataclass
class Trends:
    """What the chat as a whole is doing."""

    window_seconds: int
    messages_per_minute: float
    unique_authors: int
    bot_fraction: float
    top_tokens: list[Count]
    top_emotes: list[Count]


@dataclass
class ImpulsePart:
    """One factor or summand of an impulse."""

    name: str
    value: float


@dataclass
class Impulse:
    """Whether the host wants the persona to speak now, and the id of the message that waits."""

    p: float
    parts: list[ImpulsePart]
    speak: bool
    answer: Optional[str]


@dataclass
class Pending:
    """Not yet known."""


@dataclass
class Accepted:
    """It is in the room."""


@dataclass
class Dropped:
    """Moderation dropped it, by the rule of this name."""

    value: str


Fate = Union[Pending, Accepted, Dropped]


@dataclass
class LineFate:
    """A line said earlier, and what became of it."""

    message_id: str
    text: str
    fate: Fate


@dataclass
class State:
    """What the persona stored last."""

    version: int
    bytes: bytes


@dataclass
class Limits:
    """What this call has; `cpu_ms` is without waiting for the answers of the host."""

    max_lines: int
    max_line_chars: int
    max_state_bytes: int
    llm_calls: int
    llm_tokens: int
    memory_searches: int
    memory_writes: int
    cpu_ms: int


@dataclass
class Turn:
    """What a persona knows in every call."""

    call_id: str
    room: Room
    profile: Profile
    #: Milliseconds since the Unix epoch; `time.time()` shows the same.
    now: int
    #: The module `random` is seeded with it in each call.
    seed: int
    recent: list[ChatMessage]
    trends: Optional[Trends]
    impulse: Impulse
    fates: list[LineFate]
    state: Optional[State]
    limits: Limits
    extensions: Optional[str]

    def rng(self) -> random.Random:
        """Randomness for this call: the same turn gives the same numbers."""
        return random.Random(self.seed)

    def message(self, id: str) -> Optional[ChatMessage]:
        """The latest message of this id, if it is still among the recent ones."""
        return next((one for one in reversed(self.recent) if one.id == id), None)

    def waiting(self) -> Optional[ChatMessage]:
        """The message that waits for an answer, if one does and is at hand."""
        return self.message(self.impulse.answer) if self.impulse.answer else None

    def is_mine(self, message: ChatMessage) -> bool:
        """Whether the persona wrote this itself."""
        return self.profile.is_me(message.author.id)

    def is_named_in(self, message: ChatMessage) -> bool:
        """Whether the message speaks to the persona: by the room's own mark, or by its name."""
        return any(self.profile.is_me(id) for id in message.mentions) or words.has_phrase(
            message.text, self.profile.name
        )


@dataclass
class Segment:
    """A stretch of speech, in milliseconds on the stream's clock."""

    start: int
    end: int
    text: str


@dataclass
class Keyword:
    """What the transcript is about, with its relative weight."""

    term: str
    score: float


@dataclass
class StreamEvent:
    """Something that happened. It has the same id in each context that holds it: react once.

    Kinds: `chat_question question hype laughter fail silence topic_change stream_start stream_end`;
    expect others.
    """

    id: str
    kind: str
    text: str
    at: int
    confidence: float


@dataclass
class ChatQuestion:
    """What the streamer asked the chat."""

    id: str
    text: str
    at: int


@dataclass
class StreamContext:
    """The latest minute of the stream."""

    at: int
    position: int
    transcript: list[Segment]
    summary: str
    keywords: list[Keyword]
    events: list[StreamEvent]
    chat_question: Optional[ChatQuestion]
    extensions: Optional[str]


class Role(Enum):
    """Who speaks in a request."""

    SYSTEM = 0
    USER = 1
    ASSISTANT = 2


@dataclass
class Message:
    """One message of a request."""

    role: Role
    content: str


@dataclass
class Request:
    """A request for one completion; `Prompt.request` makes one for chat."""

    messages: list[Message]
    #: The longest answer; the host shortens it to what the call's budget has left.
    max_tokens: int
    #: 0 (the likeliest words) to 2 (wild).
    temperature: float
    #: The JSON Schema that the answer must obey, as JSON text.
    json_schema: Optional[str] = None


@dataclass
class Completion:
    """The model's words: it is the persona that makes chat of them."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int


@dataclass
class Budget:
    """What this call may still ask of the language model."""

    calls: int
    tokens: int


class MemoryKind(Enum):
    """What a memory is of."""

    RELATIONSHIP = 0
    RUNNING_JOKE = 1
    PREFERENCE = 2
    PERSONA_NOTE = 3
    DRIFT = 4


@dataclass
class NewMemory:
    """Something to be remembered: at most 1000 characters."""

    kind: MemoryKind
    text: str
    #: The id of the author it is about.
    about: Optional[str] = None
    #: How sure, 0 to 1.
    confidence: float = 0.8
    #: The id of the message it came from.
    source: Optional[str] = None


@dataclass
class MemoryEntry:
    """Something remembered."""

    id: str
    kind: MemoryKind
    text: str
    about: Optional[str]
    confidence: float
    at: int
    score: float


class Level(Enum):
    """How grave a line of the log is."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3


@dataclass
class Digest:
    """What happened since the last reflection."""

    since: int
    lines_said: int
    highlights: list[ChatMessage] = field(default_factory=list)
    memories: list[MemoryEntry] = field(default_factory=list)
