import unittest
from dataclasses import replace

from chatter_persona import MemoryKind, NewMemory, word_count
from chatter_persona.testkit import NOW, Harness, answering, context, message, profile, speaking, turn
from counts import Session, is_round
from persona import Scorekeeper

DRY = profile(style="Short: two to six words. All lowercase. No emotes.")


def at(seconds):
    return {"now": NOW + seconds * 1000, "profile": DRY}


def events(*kinds, start=0):
    """A stream on which these happen, ten seconds apart."""
    stream = context()
    for i, kind in enumerate(kinds):
        stream.move_to((start + i) * 10_000 + 1).event(f"e{start + i}", kind, "!")
    return stream


class Scores(unittest.TestCase):
    def setUp(self):
        self.keeper = Harness(Scorekeeper)

    def ask(self, text, seconds=0):
        asked = message("Ana", text)
        called = self.keeper.on_firehose(answering(asked, **at(seconds)), [asked])
        self.assertEqual(called.reply_to, asked.id)
        return called.text

    def test_counts_round_numbers(self):
        got = [n for n in range(1, 61) if is_round(n)]
        self.assertEqual(got, [5, 10, 15, 20, 25, 30, 40, 50, 60])

    def test_an_event_counts_once_however_often_it_is_shown(self):
        for _ in range(3):
            self.keeper.on_context(turn(**at(0)), events("fail"))
        self.assertEqual(self.keeper.persona.session.times, {"fail": 1})

    def test_runs_records_and_their_ends(self):
        cases = [
            (["fail"] * 2, None),
            (["fail"] * 3, "3 fails in a row, new record"),
            (["fail"] * 3 + ["hype"], "and the run of 3 fails ends"),
            (["hype"] * 4, "4 wins in a row, new record"),
        ]
        for kinds, wanted in cases:
            keeper = Harness(Scorekeeper)
            for i, kind in enumerate(kinds[:-1]):
                keeper.on_context(turn(**at(i * 40)), events(kind, start=i))
            seconds = len(kinds) * 40
            stream = events(kinds[-1], start=len(kinds) - 1)
            called = keeper.on_context(speaking(**at(seconds)), stream)
            self.assertEqual(called.text, wanted, kinds)

    def test_a_run_that_is_no_record_is_no_record(self):
        kinds = ["fail"] * 4 + ["hype"] + ["fail"] * 3
        for i, kind in enumerate(kinds):
            last = self.keeper.on_context(speaking(**at(i * 40)), events(kind, start=i))
        self.assertEqual(last.text, "3 fails in a row")
        self.assertEqual(self.keeper.persona.best, {"fail": 4})

    def test_the_first_in_a_long_time_is_remarkable(self):
        self.keeper.on_context(turn(**at(0)), events("fail"))
        late = context().move_to(12 * 60_000).event("late", "fail", "oh no")
        called = self.keeper.on_context(speaking(**at(720)), late)
        self.assertEqual(called.text, "first fail in 11 min")

    def test_words_that_keep_coming_are_counted(self):
        stream = context().keyword("muffin").keyword("the red lamp").keyword("tea")
        for i in range(5):
            stream.said("another muffin, and two Muffins!" if i % 2 else "no cake here")
        called = self.keeper.on_context(speaking(**at(20)), stream)
        self.assertIsNone(called.text)
        stream.said("that muffin again")
        called = self.keeper.on_context(speaking(**at(24)), stream)
        self.assertEqual(called.text, "muffin count: 5")
        self.assertEqual(self.keeper.persona.session.terms, {"muffin": 5})
        self.assertEqual(self.ask("nova how many muffin so far?", 30), "muffin: 5 so far")

    def test_a_remark_waits_until_it_may_be_made_but_not_for_ever(self):
        for seconds, wanted in ((20, "3 fails in a row, new record"), (60, None)):
            keeper = Harness(Scorekeeper)
            keeper.on_context(turn(**at(0)), events("fail", "fail", "fail"))
            quiet = context().move_to(60_000)
            self.assertEqual(keeper.on_context(speaking(**at(seconds)), quiet).text, wanted)

    def test_the_most_remarkable_comes_first_and_none_twice(self):
        stream = events("fail", "fail", "fail").keyword("muffin")
        for _ in range(5):
            stream.said("muffin")
        said = [self.keeper.on_context(speaking(**at(i)), stream).text for i in range(3)]
        self.assertEqual(said, ["3 fails in a row, new record", "muffin count: 5", None])

    def test_whoever_asks_gets_numbers(self):
        cases = [
            ("nova how many fails?", "2 fails so far"),
            ("nova when was the last fail", "last fail: 30 s ago"),
            ("nova how long since the last laugh?", "no laugh yet"),
            ("wins?", "1 win so far"),
            ("nova whats the record", "no run worth the name yet"),
            ("nova what happened last time", "no numbers from last time"),
            ("nova hi", "1 win, 2 fails so far"),
        ]
        self.keeper.on_context(turn(**at(0)), events("fail", "hype", "fail").move_to(50_001))
        for text, wanted in cases:
            self.assertEqual(self.ask(text), wanted, text)

    def test_an_empty_board_says_so(self):
        self.assertEqual(self.ask("nova score?"), "nothing on the board yet")

    def test_a_session_ends_with_its_totals_and_is_remembered(self):
        self.keeper.on_context(turn(**at(0)), events("fail", "hype"))
        end = events("fail", "hype", "stream_end")
        called = self.keeper.on_context(speaking(**at(30)), end)
        self.assertEqual(called.text, "1 win, 1 fail so far")
        self.assertEqual(
            [one.text for one in self.keeper.host.remembered],
            ["session totals: last time: 1 win, 1 fail"],
        )
        self.assertEqual(self.keeper.persona.session, Session(heard=end.position))
        self.assertEqual(self.ask("nova how was last time?", 40), "last time: 1 win, 1 fail")
        self.keeper.on_context(turn(**at(50)), end)
        self.assertEqual(len(self.keeper.host.remembered), 1, "the window shows the end again")

    def test_a_stream_that_begins_again_is_a_new_session(self):
        self.keeper.on_context(turn(**at(0)), events("fail").move_to(60_000))
        self.keeper.on_context(turn(**at(10)), context().move_to(100))
        self.assertEqual(self.keeper.persona.session.times, {})
        self.assertEqual(self.keeper.persona.before, "last time: 1 fail")

    def test_what_an_earlier_life_remembered_is_found(self):
        note = NewMemory(MemoryKind.PERSONA_NOTE, "session totals: last time: 3 wins")
        self.keeper.host.knows(note)
        self.assertEqual(self.ask("nova last session?"), "last time: 3 wins")
        self.keeper.host.break_memory("unavailable")
        self.assertEqual(self.ask("nova last session?"), "no numbers from last time")

    def test_is_silent_unless_it_may_speak(self):
        called = self.keeper.on_context(turn(**at(0)), events("fail", "fail", "fail"))
        self.assertEqual(called.silent_because, "not asked to speak")
        called = self.keeper.on_firehose(turn(**at(0)), [message("Ana", "nova fails?")])
        self.assertEqual(called.silent_because, "not asked to speak")

    def test_lines_are_chat_whatever_is_said_on_the_stream(self):
        stream = context().keyword("x" * 300)
        for _ in range(5):
            stream.said("x" * 300)
        called = self.keeper.on_context(speaking(**at(20)), stream)
        self.assertEqual(called.text, f"{'x' * 20} count: 5")
        self.assertLessEqual(word_count(called.text), 6)

    def test_state_stays_small(self):
        for i in range(200):
            stream = replace(context(), position=i * 4000)
            stream.keyword(f"keyword{i}").said(f"keyword{i} keyword{i}").event(f"e{i}", "fail", "!")
            self.keeper.on_context(turn(**at(i * 4)), stream)
        self.assertLess(len(self.keeper.stored.bytes), 8192)


if __name__ == "__main__":
    unittest.main()
