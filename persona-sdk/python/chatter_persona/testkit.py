"""A persona outside the sandbox: calls under the host's rules for outcomes and its default budgets.

CPU time, memory and wall time are bounded only in the sandbox.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Callable, Generic, Iterable, Optional, TypeVar

from . import call, state, words
from .errors import LlmError, RecallError
from .host import Host
from .persona import Persona, Reflection
from .reply import Line
from .types import (
    Author,
    AuthorKind,
    Budget,
    ChatMessage,
    ChatQuestion,
    Completion,
    Digest,
    Impulse,
    Keyword,
    Level,
    Limits,
    MemoryEntry,
    MemoryKind,
    NewMemory,
    Profile,
    Request,
    Role,
    Room,
    Segment,
    State,
    StreamContext,
    StreamEvent,
    Turn,
)

#: The time in turns and messages that name none: 2026-01-31T12:00:00Z.
NOW = 1_769_860_800_000

_MAX_ENTRY_CHARS = 1000
_MAX_EXTENSIONS_BYTES = 4096
_ids = itertools.count(1)


def _fresh_id() -> str:
    return f"00000000-0000-7000-8000-{next(_ids):012x}"


def message(name: str, text: str) -> ChatMessage:
    """A message of a viewer with this name. The same name is the same author."""
    id = "guest:" + re.sub("[^a-z0-9]", "-", name.lower())
    return _message(Author(id, name, AuthorKind.VIEWER), text)


def persona_message(id: str, text: str) -> ChatMessage:
    """A message of the persona with this slug."""
    return _message(Author(f"persona:{id}", id[:1].upper() + id[1:], AuthorKind.PERSONA), text)


def _message(author: Author, text: str) -> ChatMessage:
    return ChatMessage(_fresh_id(), author, text, None, [], NOW)


def profile(id: str = "nova", **more: Any) -> Profile:
    """A profile with this slug; its display name is the same with a capital."""
    return replace(Profile(id, id[:1].upper() + id[1:], "", "", [], [], []), **more)


def entry(text: str, **more: Any) -> MemoryEntry:
    """Something remembered: a note about nobody, of `NOW`, that fits perfectly."""
    made = MemoryEntry(_fresh_id(), MemoryKind.PERSONA_NOTE, text, None, 1.0, NOW, 1.0)
    return replace(made, **more)


def turn(**more: Any) -> Turn:
    """A turn of the persona `nova` without an impulse to speak, and with the host's default limits."""
    made = Turn(
        call_id=_fresh_id(),
        room=Room("main/lobby", "Lobby"),
        profile=profile(),
        now=NOW,
        seed=1,
        recent=[],
        trends=None,
        impulse=Impulse(0.0, [], False, None),
        fates=[],
        state=None,
        limits=_with_budgets(Limits(3, 300, 65_536, 0, 0, 0, 0, 100), Budgets()),
        extensions=None,
    )
    return replace(made, **more)


def speaking(**more: Any) -> Turn:
    """A turn in which the host wants it to speak."""
    return turn(impulse=Impulse(1.0, [], True, None), **more)


def answering(message: ChatMessage, recent: Iterable[ChatMessage] = (), **more: Any) -> Turn:
    """A turn in which the host wants it to answer this message."""
    known = list(recent)
    if all(one.id != message.id for one in known):
        known.append(message)
    return turn(impulse=Impulse(1.0, [], True, message.id), recent=known, **more)


def context() -> Scene:
    """A stream on which nothing is said and nothing happens: what happens is added to it."""
    return Scene(NOW, 0, [], "", [], [], None, None)


class Scene(StreamContext):
    """See `context`."""

    def said(self, text: str) -> Scene:
        """Four seconds of speech; the stream moves on by them."""
        start = self.position
        self.position += 4000
        self.transcript.append(Segment(start, self.position, text))
        return self

    def keyword(self, term: str) -> Scene:
        """A keyword, less telling than those before it."""
        self.keywords.append(Keyword(term, 0.8 ** len(self.keywords)))
        return self

    def event(self, id: str, kind: str, text: str) -> Scene:
        """An event that happens now."""
        self.events.append(StreamEvent(id, kind, text, self.position, 0.9))
        return self

    def question(self, id: str, text: str) -> Scene:
        """The streamer asks the chat now; the event of kind `chat_question` comes with it."""
        self.chat_question = ChatQuestion(id, text, self.position)
        return self.event(id, "chat_question", text)

    def move_to(self, position: int) -> Scene:
        """Where the stream is, in milliseconds since its start."""
        self.position = position
        return self


@dataclass
class Budgets:
    """How much one call may ask, by default as much as the host's own defaults allow."""

    llm_calls: int = 4
    llm_tokens: int = 1000
    searches: int = 8
    writes: int = 8


def _with_budgets(limits: Limits, budgets: Budgets) -> Limits:
    return replace(
        limits,
        llm_calls=budgets.llm_calls,
        llm_tokens=budgets.llm_tokens,
        memory_searches=budgets.searches,
        memory_writes=budgets.writes,
    )


class ScriptedHost(Host):
    """A host that gives the answers a test wrote down, and records what it was asked."""

    def __init__(self) -> None:
        self.budgets = Budgets()
        #: What the persona asked the language model, over all calls.
        self.requests: list[Request] = []
        #: The words it searched its memory for, over all calls.
        self.searches: list[str] = []
        #: What its memory holds, oldest first.
        self.memories: list[MemoryEntry] = []
        #: What it wanted remembered in all calls that returned well.
        self.remembered: list[NewMemory] = []
        #: What it logged, over all calls.
        self.lines: list[tuple[Level, str]] = []
        self._answers: deque[str | LlmError] = deque()
        self._memory_error: Optional[RecallError] = None
        self.begin(NOW)

    def answer(self, text: str) -> ScriptedHost:
        """The language model's next answer."""
        self._answers.append(text)
        return self

    def fail(self, kind: str, detail: Optional[str] = None) -> ScriptedHost:
        """The language model will not answer next time."""
        self._answers.append(LlmError(kind, detail))
        return self

    def break_memory(self, kind: str, detail: Optional[str] = None) -> ScriptedHost:
        """From now on the memory doesn't answer."""
        self._memory_error = RecallError(kind, detail)
        return self

    def knows(self, memory: NewMemory) -> ScriptedHost:
        """Something that the persona remembers from before."""
        self.memories.append(_stored(memory, NOW))
        return self

    @property
    def latest_prompt(self) -> str:
        """The user message of the latest request to the language model; empty if there was none."""
        if not self.requests:
            return ""
        of_user = [one for one in self.requests[-1].messages if one.role is Role.USER]
        return of_user[-1].content if of_user else ""

    def begin(self, now: int) -> None:
        """A call starts: its budgets are full."""
        self._left = replace(self.budgets)
        self._pending: list[NewMemory] = []
        self._now = now

    def commit(self) -> None:
        """A call returned well: what it wanted remembered is."""
        self.remembered += self._pending
        self.memories += [_stored(memory, self._now) for memory in self._pending]
        self._pending = []

    def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        if not 0 <= request.temperature <= 2:
            raise LlmError("refused", "the temperature is not in 0..=2")
        if self._left.llm_calls == 0 or self._left.llm_tokens == 0:
            raise LlmError("over-budget")
        self._left.llm_calls -= 1
        answer = (
            self._answers.popleft()
            if self._answers
            else LlmError("unavailable", "the test has scripted no answer")
        )
        if isinstance(answer, LlmError):
            raise answer
        tokens = max(1, min(len(answer.split()), request.max_tokens, self._left.llm_tokens))
        self._left.llm_tokens -= tokens
        given = sum(len(one.content.split()) for one in request.messages)
        return Completion(answer, "scripted", given, tokens)

    def remaining(self) -> Budget:
        return Budget(self._left.llm_calls, self._left.llm_tokens)

    def search(
        self, text: str = "", kinds: Iterable[MemoryKind] = (), limit: int = 8
    ) -> list[MemoryEntry]:
        if self._left.searches == 0:
            raise RecallError("over-budget")
        self._left.searches -= 1
        self.searches.append(text)
        if self._memory_error:
            raise self._memory_error
        wanted, kinds = set(_bare(text)), list(kinds)
        found = []
        for memory in reversed(self.memories):
            shared = sum(word in wanted for word in _bare(memory.text))
            if (not kinds or memory.kind in kinds) and (not wanted or shared > 0):
                found.append((shared, memory))
        # Stable: among equals the latest comes first.
        found.sort(key=lambda one: -one[0])
        return [memory for _, memory in found[:limit]]

    def remember(self, entry: NewMemory) -> None:
        if self._left.writes == 0:
            raise RecallError("over-budget")
        if problem := _problem_of(entry):
            raise RecallError("refused", problem)
        self._left.writes -= 1
        self._pending.append(entry)

    def log(self, level: Level, text: str) -> None:
        self.lines.append((level, str(text)))


def _bare(text: str) -> list[str]:
    """`Ana's` is found by `Ana`."""
    return [word.removesuffix("'s") for word in words.all(text)]


def _stored(memory: NewMemory, at: int) -> MemoryEntry:
    given = {k: v for k, v in asdict(memory).items() if k not in ("source", "text")}
    return entry(memory.text, at=at, **given)


class Failure(Exception):
    """A call came to nothing: the host would refuse what it returned. Nothing of it was kept."""


@dataclass
class Called:
    """A call that returned well."""

    lines: list[Line]
    #: Why it said nothing; None if it spoke.
    silent_because: Optional[str]
    state_changed: bool
    extensions: Optional[str] = None

    @property
    def text(self) -> Optional[str]:
        """The text of its first line."""
        return self.lines[0].text if self.lines else None

    @property
    def reply_to(self) -> Optional[str]:
        """The message that its first line answers."""
        return self.lines[0].reply_to if self.lines else None


P = TypeVar("P", bound=Persona)


@dataclass
class Harness(Generic[P]):
    """A persona between its calls: its state and its host.

    A call that raises leaves nothing behind.
    """

    kind: type[P]
    host: ScriptedHost = field(default_factory=ScriptedHost)
    stored: Optional[State] = None

    @property
    def persona(self) -> P:
        """The persona with its state, as the next call would find it."""
        if self.stored is None:
            return self.kind()
        return state.read(self.kind, self.stored.bytes.decode())

    def on_context(self, turn: Turn, stream: Optional[StreamContext] = None) -> Called:
        """Something new on the stream."""
        return self._speak(turn, "on_context", stream or context())

    def on_firehose(self, turn: Turn, messages: list[ChatMessage]) -> Called:
        """New messages in the room; they are added to the turn's recent ones."""
        known = {one.id for one in turn.recent}
        turn = replace(turn, recent=turn.recent + [one for one in messages if one.id not in known])
        return self._speak(turn, "on_firehose", messages)

    def reflect(self, turn: Turn, digest: Optional[Digest] = None) -> Reflection:
        """A quiet moment."""

        def run(turn: Turn) -> call.Ran:
            ran = call.reflect(self.kind, turn, digest or Digest(NOW, 0), self.host)
            for i, memory in enumerate(ran.answer.memories):
                if problem := _problem_of(memory):
                    raise Failure(f"memories[{i}]: {problem}")
            for delta in (*ran.answer.traits.values(), *ran.answer.relationships.values()):
                if not -1 <= delta <= 1:
                    raise Failure(f"a delta is {delta}, not in -1..=1")
            return ran

        return self._within(turn, run).answer

    def _speak(self, turn: Turn, method: str, given: Any) -> Called:
        def run(turn: Turn) -> call.Ran:
            ran = call.speak(self.kind, method, turn, given, self.host)
            _check_lines(ran.answer.lines, turn.limits)
            _check_extensions(ran.answer.extensions)
            return ran

        ran = self._within(turn, run)
        reply = ran.answer
        return Called(reply.lines, reply.silent_because, ran.state is not None, reply.extensions)

    def _within(self, turn: Turn, run: Callable[[Turn], call.Ran]) -> call.Ran:
        if self.stored:
            turn = replace(turn, state=self.stored)
        # What a test sets, the persona is told.
        turn = replace(turn, limits=_with_budgets(turn.limits, self.host.budgets))
        self.host.begin(turn.now)
        ran = run(turn)
        if ran.state is not None:
            most = turn.limits.max_state_bytes
            if len(ran.state) > most:
                raise Failure(f"state: {len(ran.state)} bytes, at most {most} are kept")
            self.stored = State(self.kind.STATE_VERSION, ran.state)
        self.host.commit()
        return ran


def _check_lines(lines: list[Line], limits: Limits) -> None:
    """The host's rules for what is said."""
    if len(lines) > limits.max_lines:
        raise Failure(f"lines: {len(lines)} of them, at most {limits.max_lines} are accepted")
    for i, line in enumerate(lines):
        if not line.text.strip():
            raise Failure(f"lines[{i}].text: empty")
        if len(line.text) > limits.max_line_chars:
            raise Failure(f"lines[{i}].text: longer than {limits.max_line_chars} characters")
        if re.search("[\n\r\v\f\x85\u2028\u2029]", line.text):
            raise Failure(f"lines[{i}].text: more than one line")
        if line.reply_to is not None and not _is_message_id(line.reply_to):
            raise Failure(f"lines[{i}].reply-to: not a message's id")


def _check_extensions(extensions: Optional[str]) -> None:
    """The host's rules for what the contract has no field for."""
    if extensions is None:
        return
    if len(extensions.encode()) > _MAX_EXTENSIONS_BYTES:
        raise Failure(f"extensions: longer than {_MAX_EXTENSIONS_BYTES} bytes")

    def no_json(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    try:
        json.loads(extensions, parse_constant=no_json)
    except ValueError as error:
        raise Failure(f"extensions: not JSON: {error}") from None


def _problem_of(memory: NewMemory) -> Optional[str]:
    """The host's rules for what may be remembered."""
    chars = len(memory.text)
    if not memory.text.strip() or chars > _MAX_ENTRY_CHARS:
        return f"a memory has 1 to {_MAX_ENTRY_CHARS} characters, this one {chars}"
    if not 0 <= memory.confidence <= 1:
        return "the confidence is not in 0..=1"
    if memory.about is not None and not re.fullmatch("[a-z0-9_:-]{1,95}", memory.about):
        return "`about` is not an author's id"
    if memory.source is not None and not _is_message_id(memory.source):
        return "`source` is not a message's id"
    return None


def _is_message_id(id: str) -> bool:
    return re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", id) is not None
