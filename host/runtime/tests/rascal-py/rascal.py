"""A persona for tests: does what its style says."""

import logging
import random
import sys
import time
from typing import ClassVar

from chatter_persona import (
    About,
    LlmError,
    MemoryKind,
    Message,
    NewMemory,
    Persona,
    RecallError,
    Request,
    Role,
    say,
    silent,
)
from deeper import deeper

instance = 0


class Rascal(Persona):
    STATE_VERSION: ClassVar[int] = 3
    ABOUT: ClassVar[About] = About(traits=("mischief",))

    calls: int = 0

    def on_context(self, turn, context, host):
        global instance
        self.calls += 1
        instance += 1
        match turn.profile.style:
            case "dice":
                late = time.time() * 1000 - turn.now
                own = turn.rng().random()
                return say(f"{random.random()} {own} {late:.0f} {time.gmtime().tm_year} {hash('x')}")
            case "throw":
                return deeper(turn)
            case "exit":
                sys.exit("enough")
            case "recurse":
                return self.on_context(turn, context, host)
            case "nothing":
                return None
            case "print":
                print("printed", {"a": 1})
                print("warned", file=sys.stderr)
                logging.getLogger("rascal").error("logged")
                return silent("printed")
            case "ask":
                return say(self.ask(turn, host))
            case "uncaught":
                return say(host.complete(Request([], 1, 9.0)).text)
            case "see":
                return say(
                    f"{turn.profile.name} {turn.profile.trait('excitability')} {len(turn.recent)} "
                    f"{turn.recent[0].author.kind.name} {turn.recent[0].is_human} "
                    f"{context.events[0].kind} {context.chat_question} {turn.limits.cpu_ms} "
                    f"{turn.state is None}"
                )
        return say(f"call {self.calls} of my life, {instance} of this instance")

    def ask(self, turn, host):
        known = {"about": "guest:ana", "source": turn.recent[0].id}
        answers = []
        for ask in (
            lambda: host.complete(Request([], 1, 9.0)),
            lambda: host.remember(NewMemory(MemoryKind.DRIFT, "")),
            lambda: host.remember(NewMemory(MemoryKind.DRIFT, "noted", **known)),
            lambda: host.search("noted", limit=1),
        ):
            try:
                answers.append(str(ask()))
            except LlmError as error:
                answers.append(f"llm {error.kind}")
            except RecallError as error:
                answers.append(f"memory {error.kind}")
        text = host.complete(Request([Message(Role.USER, "?")], 5, 1.0)).text
        return f"{', '.join(answers)}, {text}, {host.remaining().calls} left"
