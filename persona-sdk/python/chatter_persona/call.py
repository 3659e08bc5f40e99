"""One call: state in, the author's code, state out. The sandbox and the test kit both come here."""

import inspect
import json
import random
from dataclasses import dataclass
from typing import Any, Callable, Optional

from . import state
from .errors import Unanswered
from .host import Host
from .persona import Persona, Reflection
from .reply import Reply, silent
from .types import State, Turn

#: The module `random` has another stream of the turn's seed than `turn.rng()`.
_OF_THE_LANGUAGE = 1 << 64


@dataclass
class Ran:
    """A call that returned well: its answer, and the new state if it is another than before."""

    answer: Any
    state: Optional[bytes]


def _run(
    kind: type[Persona],
    method: str,
    turn: Turn,
    given: Any,
    host: Host,
    unanswered: Callable[[Unanswered], Any],
) -> Ran:
    random.seed(turn.seed | _OF_THE_LANGUAGE)
    persona, before = _load(kind, turn.state, host)
    try:
        answer = getattr(persona, method)(turn, given, host)
    except Unanswered as error:
        # A host that said no is no fault of the persona's.
        host.warn(str(error))
        answer = unanswered(error)
    if inspect.isawaitable(answer):
        answer.close()
        raise TypeError(f"{method} is async; a call has nothing to wait for: drop `async`")
    after = state.write(persona)
    return Ran(answer, None if after == before else after.encode())


def _load(kind: type[Persona], stored: Optional[State], host: Host) -> tuple[Persona, Optional[str]]:
    """The persona, and the text that the host already has of its state."""
    version = version_of(kind)
    if stored is None:
        fresh = kind()
        return fresh, state.write(fresh)
    if stored.version != version:
        fresh = kind()
        fresh.migrate(stored.version, _json(stored.bytes), host)
        return fresh, None
    try:
        text = bytes(stored.bytes).decode()
        return state.read(kind, text), text
    except (ValueError, TypeError) as error:
        # To start anew here would throw away what an oversight made unreadable.
        raise ValueError(
            f"state version {stored.version} can't be read: {error}; "
            "raise STATE_VERSION and write `migrate`"
        ) from error


def _json(stored: bytes) -> Any:
    try:
        return json.loads(bytes(stored).decode())
    except ValueError:
        return None


def version_of(kind: type[Persona]) -> int:
    """The version of a persona's state, as the contract has it."""
    version = kind.STATE_VERSION
    if type(version) is not int or not 0 <= version < 1 << 32:
        raise TypeError(f"STATE_VERSION is {version!r}, not a whole number below 2^32")
    return version


def speak(kind: type[Persona], method: str, turn: Turn, given: Any, host: Host) -> Ran:
    """A call that ends in what to say."""
    ran = _run(kind, method, turn, given, host, lambda error: silent(error.reason))
    if not isinstance(ran.answer, Reply):
        what = "nothing" if ran.answer is None else type(ran.answer).__name__
        raise TypeError(f'{method} returned {what}; return say("...") or silent("why")')
    return ran


def reflect(kind: type[Persona], turn: Turn, digest: Any, host: Host) -> Ran:
    """A call that ends in how the persona changes."""
    ran = _run(kind, "reflect", turn, digest, host, lambda _: Reflection())
    if not isinstance(ran.answer, Reflection):
        what = "nothing" if ran.answer is None else type(ran.answer).__name__
        raise TypeError(f"reflect returned {what}; return a Reflection(...)")
    return ran
