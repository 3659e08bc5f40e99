import unittest

from chatter_persona.testkit import Harness, answering, context, message, speaking, turn
from persona import {{Name}}


class Tests(unittest.TestCase):
    def setUp(self):
        self.persona = Harness({{Name}})

    def test_reacts_to_what_happened_once(self):
        self.persona.host.answer('"what a save"').answer("still here")
        stream = context().said("and it holds").event("e1", "hype", "WHAT A SAVE")
        self.assertEqual(self.persona.on_context(speaking(), stream).text, "what a save")
        self.assertIn("hype: WHAT A SAVE", self.persona.host.latest_prompt)
        self.persona.on_context(speaking(), stream)
        self.assertNotIn("hype: WHAT A SAVE", self.persona.host.latest_prompt)

    def test_answers_who_speaks_to_it(self):
        self.persona.host.answer("hi Ana")
        call = message("Ana", "hey nova")
        called = self.persona.on_firehose(answering(call), [call])
        self.assertEqual((called.text, called.reply_to), ("hi Ana", call.id))

    def test_is_silent_when_not_asked_or_the_model_is_away(self):
        self.assertEqual(self.persona.on_context(turn()).silent_because, "not asked to speak")
        self.persona.host.fail("busy")
        called = self.persona.on_context(speaking())
        self.assertEqual(called.silent_because, "the language model is busy")


if __name__ == "__main__":
    unittest.main()
