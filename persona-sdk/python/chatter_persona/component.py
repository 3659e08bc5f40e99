"""What the build exports for a persona: the contract's `guest`, over the author's class.

Only a component can import this module: `wit_world` is made by the build.
"""

import logging
from typing import Any, Iterable

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import llm, log, memory
from wit_world.imports import types as contract

from . import call, state, types
from .errors import LlmError, RecallError
from .explain import explain
from .host import Host
from .persona import Persona
from .types import Budget, Completion, Level, MemoryEntry, MemoryKind, NewMemory, Request

# The host's values are made as these classes, so that an author has one set of types.
for _module, _names in (
    (
        contract,
        "AuthorKind Author ChatMessage Room TraitValue Relationship Profile Count Trends ImpulsePart "
        "Impulse LineFate State Limits Turn Segment Keyword StreamEvent ChatQuestion StreamContext",
    ),
    (llm, "Role Message Completion Budget"),
    (log, "Level"),
):
    for _name in _names.split():
        setattr(_module, _name, getattr(types, _name))
contract.Fate_Pending = types.Pending
contract.Fate_Accepted = types.Accepted
contract.Fate_Dropped = types.Dropped
memory.Kind = types.MemoryKind
memory.Entry = types.MemoryEntry
memory.NewEntry = types.NewMemory
exports.guest.Digest = types.Digest


class _Imports(Host):
    """What a persona may ask, over the component's imports."""

    def complete(self, request: Request) -> Completion:
        try:
            return llm.complete(
                request.messages, request.max_tokens, request.temperature, request.json_schema
            )
        except Err as error:
            raise LlmError(*_kind(error.value)) from None

    def remaining(self) -> Budget:
        return llm.remaining()

    def search(
        self, words: str = "", kinds: Iterable[MemoryKind] = (), limit: int = 8
    ) -> list[MemoryEntry]:
        try:
            return memory.search(words, list(kinds), limit)
        except Err as error:
            raise RecallError(*_kind(error.value)) from None

    def remember(self, entry: NewMemory) -> None:
        try:
            memory.remember(entry)
        except Err as error:
            raise RecallError(*_kind(error.value)) from None

    def log(self, level: Level, text: str) -> None:
        log.write(level, str(text))


def _kind(error: Any) -> tuple[str, Any]:
    """`Error_OverBudget()` as `over-budget`, and what it holds."""
    case = type(error).__name__.removeprefix("Error_")
    kind = "".join(f"-{c.lower()}" if c.isupper() else c for c in case).lstrip("-")
    return kind, getattr(error, "value", None)


class _Log(logging.Handler):
    """What an author writes by `logging` goes to the persona's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = (
            Level.ERROR
            if record.levelno >= logging.ERROR
            else Level.WARN
            if record.levelno >= logging.WARNING
            else Level.INFO
            if record.levelno >= logging.INFO
            else Level.DEBUG
        )
        log.write(level, self.format(record))


def guest(kind: type[Persona], name: str, version: str) -> type:
    """The class that the component exports."""
    if not (isinstance(kind, type) and issubclass(kind, Persona)):
        raise TypeError(f"{kind!r} is no class that extends chatter_persona.Persona")
    state.prepare(kind)
    logging.basicConfig(handlers=[_Log()], level=logging.DEBUG, format="%(message)s")
    host = _Imports()

    def run(ends: Any, *given: Any) -> Any:
        try:
            return ends(*given)
        except BaseException as error:
            words, stack = explain(error)
            host.error(f"{words}\n{stack}" if stack else words)
            raise Err(words) from None

    def speak(method: str, turn: types.Turn, given: Any) -> Any:
        ran = call.speak(kind, method, turn, given, host)
        reply = ran.answer
        decision = (
            contract.Decision_Spoke()
            if reply.silent_because is None
            else contract.Decision_Silent(reply.silent_because)
        )
        return contract.Outcome(ran.state, reply.lines, decision, reply.extensions)

    def reflect(turn: types.Turn, digest: Any) -> Any:
        ran = call.reflect(kind, turn, digest, host)
        changes = ran.answer
        return exports.guest.Reflection(
            ran.state,
            [types.TraitValue(*one) for one in changes.traits.items()],
            [exports.guest.RelationshipDelta(*one) for one in changes.relationships.items()],
            changes.memories,
        )

    calls = contract.Calls(0)
    for method, flag in (
        ("on_context", contract.Calls.CONTEXT),
        ("on_firehose", contract.Calls.FIREHOSE),
        ("reflect", contract.Calls.REFLECT),
    ):
        if getattr(kind, method) is not getattr(Persona, method):
            calls |= flag

    class Guest(exports.Guest):
        def describe(self) -> Any:
            about = kind.ABOUT
            return contract.About(
                about.name or name,
                about.version or version,
                call.version_of(kind),
                list(about.traits),
                calls,
            )

        def on_context(self, turn: types.Turn, context: types.StreamContext) -> Any:
            return run(speak, "on_context", turn, context)

        def on_firehose(self, turn: types.Turn, messages: list[types.ChatMessage]) -> Any:
            return run(speak, "on_firehose", turn, messages)

        def reflect(self, turn: types.Turn, digest: Any) -> Any:
            return run(reflect, turn, digest)

    return Guest
