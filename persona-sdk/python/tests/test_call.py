import unittest
from dataclasses import dataclass, field
from typing import Any, Optional

from chatter_persona import Persona, Reflection, keep_latest, say, silent
from chatter_persona import MemoryKind, NewMemory, Request, TraitValue
from chatter_persona import explain as explaining
from chatter_persona.testkit import (
    NOW,
    Failure,
    Harness,
    answering,
    context,
    message,
    persona_message,
    profile,
    speaking,
    turn,
)
from chatter_persona.types import State
from dataclasses import replace
import random


@dataclass
class Seen:
    who: str
    times: int = 1


class Counter(Persona):
    STATE_VERSION = 2

    called: int = 0
    warmth: float = 0.5
    seen: list[Seen] = field(default_factory=list)
    by_name: dict[str, Optional[Seen]] = field(default_factory=dict)
    anything: Any = None

    def on_context(self, turn, stream, host):
        self.called += 1
        match stream.summary:
            case "fail":
                raise ValueError("told to fail")
            case "ask":
                return say(host.complete(Request([], 5, 1.0)).text)
            case "dice":
                return say(f"{random.random()} {turn.rng().random()}")
            case "set":
                self.anything = {"a": [{1, 2}]}
            case "nothing":
                return None
            case "remember":
                host.remember(NewMemory(MemoryKind.PERSONA_NOTE, "noted"))
                if self.called > 1:
                    raise ValueError("not this time")
        return say(f"call {self.called}")

    def on_firehose(self, turn, messages, host):
        for one in reversed(messages):
            if turn.is_named_in(one):
                self.seen.append(Seen(one.author.name))
                self.by_name[one.author.name] = self.seen[-1]
                return say("yes?").reply_to(one.id)
        return silent("nobody called")

    def reflect(self, turn, digest, host):
        return Reflection(traits={"humour": 2.0 if digest.lines_said else 0.1})

    def migrate(self, version, stored, host):
        self.called = stored["old"] + version


def about(summary):
    return replace(context(), summary=summary)


class Calls(unittest.TestCase):
    def setUp(self):
        self.counter = Harness(Counter)

    def test_state_goes_from_call_to_call_and_not_out_of_a_failed_one(self):
        self.assertEqual(self.counter.on_context(turn()).text, "call 1")
        with self.assertRaisesRegex(ValueError, "told to fail"):
            self.counter.on_context(turn(), about("fail"))
        self.assertEqual(self.counter.on_context(turn()).text, "call 2")

    def test_state_has_its_types_again(self):
        call = message("Ana", "hey nova")
        self.counter.on_firehose(speaking(), [call])
        persona = self.counter.persona
        self.assertEqual(persona.seen, [Seen("Ana")])
        self.assertEqual(persona.by_name, {"Ana": Seen("Ana")})

    def test_a_new_field_of_the_state_has_its_default(self):
        self.counter.stored = State(2, '{"called":7,"warmth":1,"gone":"ö🔥"}'.encode())
        self.assertEqual(self.counter.on_context(turn()).text, "call 8")
        self.assertEqual((self.counter.persona.warmth, self.counter.persona.seen), (1.0, []))

    def test_state_of_another_version_is_migrated(self):
        self.counter.stored = State(1, b'{"old":4}')
        self.assertEqual(self.counter.on_context(turn()).text, "call 6")
        self.assertEqual(self.counter.stored.version, 2)

    def test_state_that_cant_be_read_is_not_thrown_away(self):
        cases = [
            (b"{", "state version 2 can't be read"),
            (b'{"called":"7"}', "state.called is a str, not a int"),
            (b'{"called":true}', "state.called is a bool, not a int"),
            (b'{"seen":[{"times":1}]}', r"state.seen\[0\].who is missing"),
            (b'{"by_name":[]}', "state.by_name is a list"),
        ]
        for stored, problem in cases:
            self.counter.stored = State(2, stored)
            with self.assertRaisesRegex(ValueError, problem):
                self.counter.on_context(turn())

    def test_state_that_json_would_change_is_refused_by_its_place(self):
        with self.assertRaisesRegex(TypeError, r"state\.anything\.a\[0\] is a set"):
            self.counter.on_context(turn(), about("set"))

    def test_a_call_that_says_nothing_of_itself_is_explained(self):
        with self.assertRaisesRegex(TypeError, "on_context returned nothing; return say"):
            self.counter.on_context(turn(), about("nothing"))

    def test_a_model_that_does_not_answer_ends_the_call_in_silence(self):
        self.counter.host.fail("busy")
        called = self.counter.on_context(turn(), about("ask"))
        self.assertEqual(called.silent_because, "the language model is busy")
        self.assertEqual(self.counter.persona.called, 1)

    def test_memories_of_a_failed_call_are_not_kept(self):
        self.counter.on_context(turn(), about("remember"))
        with self.assertRaisesRegex(ValueError, "not this time"):
            self.counter.on_context(turn(), about("remember"))
        self.assertEqual(len(self.counter.host.remembered), 1)

    def test_the_same_turn_throws_the_same_dice(self):
        def throws(seed):
            return Harness(Counter).on_context(turn(seed=seed), about("dice")).text

        self.assertEqual(throws(1), throws(1))
        self.assertNotEqual(throws(1), throws(2))
        self.assertNotEqual(throws(2**64 - 1), throws(2**64 - 2))
        language, own = throws(1).split()
        self.assertNotEqual(language, own)

    def test_who_is_spoken_to_is_found_by_name_and_by_mark(self):
        call = message("Ana", "hey NOVA!")
        self.assertEqual(self.counter.on_firehose(answering(call), [call]).reply_to, call.id)
        other = self.counter.on_firehose(speaking(), [message("Ana", "innovation")])
        self.assertEqual(other.silent_because, "nobody called")
        mark = replace(persona_message("bo", "psst"), mentions=["persona:nova"])
        self.assertEqual(self.counter.on_firehose(speaking(), [mark]).text, "yes?")

    def test_traits_have_their_drift(self):
        nova = profile(traits=[TraitValue("humour", 0.9)], drift=[TraitValue("humour", 0.3)])
        self.assertEqual((nova.trait("humour"), nova.trait("warmth", 0.2)), (1.0, 0.2))

    def test_a_broken_rule_is_named_as_the_host_names_it(self):
        class Rude(Persona):
            def on_context(self, turn, stream, host):
                reply = say("a")
                for text in stream.summary.split("|"):
                    reply.and_say(text)
                return reply

        cases = [
            ("b|c|d", "lines: 4 of them, at most 3"),
            (" ", r"lines\[1\]\.text: empty"),
            ("a\nb", r"lines\[1\]\.text: more than one line"),
            ("x" * 301, r"lines\[1\]\.text: longer than 300"),
        ]
        for lines, problem in cases:
            with self.assertRaisesRegex(Failure, problem):
                Harness(Rude).on_context(turn(), about(lines))

    def test_a_state_version_that_the_contract_has_no_form_for_is_refused(self):
        for version in (-1, 1.5, "1", True, 2**32):
            odd = type("Odd", (Persona,), {"STATE_VERSION": version})
            with self.assertRaisesRegex(TypeError, "STATE_VERSION is .*, not a whole number"):
                Harness(odd).on_context(turn())

    def test_a_reflection_that_is_none_is_refused(self):
        class Absent(Persona):
            def reflect(self, turn, digest, host):
                return None

        with self.assertRaisesRegex(TypeError, "reflect returned nothing; return"):
            Harness(Absent).reflect(turn())

    def test_extensions_have_a_form_in_json(self):
        with self.assertRaises(ValueError):
            silent("x").with_extensions(float("nan"))
        self.assertEqual(silent("x").with_extensions({"a": 1}).extensions, '{"a": 1}')

    def test_a_reflection_moves_in_bounds(self):
        self.assertEqual(self.counter.reflect(turn()).traits, {"humour": 0.1})
        from chatter_persona import Digest

        with self.assertRaisesRegex(Failure, "a delta is 2.0"):
            self.counter.reflect(turn(), Digest(NOW, 1))

    def test_an_error_is_explained_by_the_authors_own_lines(self):
        frames = {"/0/deep.py": True, "/1/chatter_persona/call.py": False, "<frozen>": False}
        for file, own in frames.items():
            self.assertEqual(explaining.is_own(explaining._MOUNT.sub("", file)), own, file)
        try:
            int("x")
        except ValueError as error:
            # Natively files have whole paths, which are nobody's.
            self.assertEqual(
                explaining.explain(error)[0],
                "ValueError: invalid literal for int() with base 10: 'x'",
            )

    def test_a_budget_that_the_test_sets_is_what_the_persona_is_told(self):
        class Frugal(Persona):
            def on_context(self, turn, stream, host):
                return say(str(turn.limits.llm_calls))

        frugal = Harness(Frugal)
        frugal.host.budgets.llm_calls = 1
        self.assertEqual(frugal.on_context(turn()).text, "1")

    def test_a_list_of_the_latest_cant_grow(self):
        texts: list[str] = []
        self.assertTrue(keep_latest(texts, "a", 2) and keep_latest(texts, "b", 2))
        self.assertFalse(keep_latest(texts, "a", 2))
        keep_latest(texts, "c", 2)
        self.assertEqual(texts, ["a", "c"])


if __name__ == "__main__":
    unittest.main()
