"""This SDK does what the Rust one does: its tests write `conformance.json`."""

import json
import random
import unittest
from pathlib import Path

from chatter_persona import (
    Author,
    AuthorKind,
    Chorus,
    Dropped,
    Keyword,
    LineFate,
    Persona,
    Prompt,
    Segment,
    StreamEvent,
    Style,
    TraitValue,
    emote,
    line,
    name,
    quote,
    silent,
    testkit,
    word_count,
    words,
)
from chatter_persona.reaction import REACTIONS, is_reaction
from dataclasses import asdict, replace
from functools import partial

ROOT = Path(__file__).parents[3]
WANTED = json.loads((ROOT / "persona-sdk/conformance.json").read_text(encoding="utf-8"))


class Conformance(unittest.TestCase):
    maxDiff = None

    def test_one_line_is_made_of_a_completion(self):
        for case in WANTED["completions"]:
            made = line.from_completion(case["text"], case["names"], case["max"])
            self.assertEqual(made, case["line"], case["text"])

    def test_a_text_is_made_one_line(self):
        for case in WANTED["tidy"]:
            self.assertEqual(line.tidy(case["text"], case["max"]), case["line"], case["text"])

    def test_strangers_words_are_made_safe(self):
        for case in WANTED["quotes"]:
            made = {"text": case["text"], "quote": quote(case["text"]), "name": name(case["text"])}
            self.assertEqual(made, case)

    def test_words_are_found(self):
        for case in WANTED["words"]:
            text = case["text"]
            made = {
                "text": text,
                "words": words.all(text),
                "fingerprint": words.fingerprint(text),
                "has_a_cafe": words.has_phrase(text, "Café speedrun"),
            }
            self.assertEqual(made, case)

    def test_telling_words_are_found(self):
        self.assertEqual(" ".join(words.STOP_WORDS), WANTED["stop_words"])
        for case in WANTED["telling"]:
            self.assertEqual(words.telling(case["text"]), case["telling"], case["text"])

    def test_reactions_are_told_from_everything_else(self):
        self.assertEqual(" ".join(REACTIONS), WANTED["reaction_words"])
        for case in WANTED["reactions"]:
            is_one = is_reaction(case["text"], case["topic"])
            self.assertEqual(is_one, case["is_one"], case["text"])

    def test_a_line_is_repeated_in_the_characters_hand(self):
        for case in WANTED["repeats"]:
            line = Style(case["style"]).repeat(case["text"], False, random.Random(0))
            self.assertEqual(line, case["line"], case)

    def test_a_chorus_joins_in_the_same_waves_once(self):
        for case in WANTED["waves"]:
            recent = [
                replace(
                    testkit.persona_message(name, text)
                    if name == "nova"
                    else testkit.message(name, text),
                    sent_at=testkit.NOW - ago * 1000,
                )
                for ago, name, text in case["lines"]
            ]
            dropped, event = case["dropped"], case["event"]
            fates = [LineFate("x", dropped, Dropped("rule"))] if dropped else []
            me = testkit.profile(traits=[TraitValue("conformity", 1.0)])
            found = None
            for seed in range(40):
                turn = testkit.turn(seed=seed, recent=recent, fates=fates, profile=me)
                chorus = Chorus()
                if event:
                    stream = testkit.context().move_to(50_000).event("e1", event, "x")
                    chorus.watch(turn, stream.move_to(60_000))
                line = chorus.join(turn, Style(""), ["Left"])
                if line is not None:
                    found = {"line": line, "kept": asdict(chorus)}
                    self.assertIsNone(chorus.join(turn, Style(""), ["Left"]))
                    break
            self.assertEqual(found, case["joins"], case)

    def test_extensions_are_refused_as_the_host_refuses_them(self):
        class Extender(Persona):
            def on_context(self, turn, stream, host):
                reply = silent("as told")
                reply.extensions = stream.summary
                return reply

        for case in WANTED["extensions"]:
            text, times = case["text"], case["times"]
            stream = testkit.context()
            stream.summary = text if times is None else f'"{text * times}"'
            call = partial(testkit.Harness(Extender).on_context, testkit.turn(), stream)
            if case["problem"] is None:
                call()
            else:
                with self.assertRaises(testkit.Failure, msg=text) as raised:
                    call()
                self.assertTrue(str(raised.exception).startswith(case["problem"]), case)

    def test_the_emotes_are_the_protocols(self):
        wanted = json.loads((ROOT / "protocol/emotes.json").read_text(encoding="utf-8"))
        mine = [{"code": e.code, "means": e.means, "moods": list(e.moods)} for e in emote.ALL]
        self.assertEqual(mine, wanted)

    def test_emotes_are_found_in_a_text(self):
        for case in WANTED["emotes"]:
            text = case["text"]
            made = {
                "text": text,
                "codes": [one.code for one in emote.in_text(text)],
                "known": emote.known(text),
                "stripped": emote.stripped(text),
                "loud": emote.map_words(text, str.upper),
                "only": emote.only(text, 2),
                "is_only": emote.is_only(text),
                "words": word_count(text),
            }
            self.assertEqual(made, case)

    def test_a_style_is_read(self):
        for case in WANTED["styles"]:
            style = Style(case["style"])
            made = {
                "style": case["style"],
                "words": list(style.words),
                "emotes": style.emotes,
                "share": style.emote_share,
                "own": [one.code for one in style.own_emotes],
                "lowercase": style.lowercase,
                "shouts": style.shouts,
                "bare": style.bare,
                "stretches": style.stretches,
            }
            self.assertEqual(made, case)

    def test_a_prompt_is_the_same_word_for_word(self):
        for case in WANTED["prompts"]:
            texts = case["texts"]
            me = testkit.profile(
                bio="Speedrunner\nat heart.",
                style=case["style"],
                traits=[
                    TraitValue("humour", 0.7),
                    TraitValue("warmth", 0.25),
                    TraitValue("patience", 0.75),
                ],
                drift=[TraitValue("humour", -0.2)],
            )
            kinds = [AuthorKind.VIEWER, AuthorKind.VIEWER, AuthorKind.PERSONA]
            said = [
                replace(
                    testkit.message("x", text), author=Author("guest:x", text, kinds[i % 3])
                )
                for i, text in enumerate(texts)
            ]
            stream = testkit.context()
            stream.transcript = [Segment(0, 1, text) for text in texts]
            stream.keywords = [Keyword(text, 1.0) for text in texts]
            prompt = (
                Prompt(me)
                .instruct(" Be kind. ")
                .stream(stream)
                .events(StreamEvent("e", text, text, 0, 1.0) for text in texts)
                .chat(me, said)
                .memories(testkit.entry(text) for text in texts)
                .earlier_lines(texts)
                .section("Of one's own", texts)
            )
            if said:
                prompt.answer(said[-1])
            system, user = prompt.task(" Go on. ").request(60, 0.5).messages
            self.assertEqual(system.content, case["system"], case["style"])
            self.assertEqual(user.content, case["user"], case["style"])


if __name__ == "__main__":
    unittest.main()
