"""A scorekeeper: counts what happens and what keeps being said, and mentions it when it gets remarkable."""

from dataclasses import dataclass, field
from typing import Optional

import counts
import lines
from chatter_persona import (
    ChatMessage,
    Host,
    MemoryKind,
    NewMemory,
    Persona,
    RecallError,
    Reply,
    StreamContext,
    Style,
    Turn,
    emote,
    keep_latest,
    say,
    silent,
    words,
)
from counts import Session

#: A remark that was not made within this time is old.
FRESH_MS = 30_000

#: The most remarks that wait, the most remarkable first.
MOST_REMARKS = 6


@dataclass
class Remark:
    """Something worth saying: how remarkable it is, and since when."""

    text: str
    mood: str
    weight: int
    at: int


class Scorekeeper(Persona):
    #: What was counted since the stream began.
    session: Session = field(default_factory=Session)
    #: The same of the session before, as a line.
    before: Optional[str] = None
    #: Most fails and most wins in a row, over all sessions.
    best: dict[str, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    #: Ids of the events that were counted.
    events: list[str] = field(default_factory=list)
    #: What it said lately.
    said: list[str] = field(default_factory=list)

    def on_context(self, turn: Turn, context: StreamContext, host: Host) -> Reply:
        if context.position < self.session.heard:
            self.close(host)
            self.events = []
        for event in context.events:
            if keep_latest(self.events, event.id, 60):
                self.count_event(event.kind, event.at, turn, host)
        for term, count in counts.hear(self.session, context):
            self.remark(lines.term_count(term, count), "fun", 2 + count // 10, turn)
        if not turn.impulse.speak:
            return silent("not asked to speak")
        remark = self.next_remark(turn.now)
        if remark is None:
            return silent("nothing remarkable")
        return self.say(remark.text, remark.mood, turn)

    def on_firehose(self, turn: Turn, messages: list[ChatMessage], host: Host) -> Reply:
        if not turn.impulse.speak:
            return silent("not asked to speak")
        named = [message for message in messages if turn.is_named_in(message)]
        asked = turn.waiting() or (named[-1] if named else None)
        if asked is None:
            return silent("nobody asked for the score")
        return self.say(self.answer(asked.text, turn, host), "calm", turn).reply_to(asked.id)

    def count_event(self, kind: str, at: int, turn: Turn, host: Host) -> None:
        """Counts an event, and remarks what is remarkable about it."""
        if kind == "stream_end":
            self.remark(lines.summary(self.session), "warm", 9, turn)
            self.close(host)
            return
        if kind not in counts.COUNTED:
            return
        broken = self.session.run if self.session.last != kind else 0
        loser = self.session.last
        pause = counts.pause(self.session, kind, at)
        counts.count(self.session, kind, at)
        number, run = self.session.times[kind], self.session.run
        mood = emote.mood_of_event(kind)
        if kind in counts.RUNS and run >= 3 and run > self.best.get(kind, 2):
            self.best[kind] = run
            self.remark(lines.record(kind, run), mood, 8, turn)
        elif kind in counts.RUNS and run >= 3:
            self.remark(lines.in_a_row(kind, run), mood, 6, turn)
        elif broken >= 3 and loser in counts.RUNS:
            self.remark(lines.run_ends(loser, broken), mood, 6, turn)
        elif pause is not None and pause >= counts.LONG_MS:
            self.remark(lines.first_in(kind, pause), mood, 5, turn)
        elif counts.is_round(number):
            self.remark(lines.number(kind, number), mood, 3 + number // 5, turn)

    def remark(self, text: str, mood: str, weight: int, turn: Turn) -> None:
        """Keeps something worth saying until it may be said."""
        if text in self.said or any(one.text == text for one in self.remarks):
            return
        self.remarks.append(Remark(text, mood, weight, turn.now))
        self.remarks.sort(key=lambda one: (-one.weight, -one.at))
        del self.remarks[MOST_REMARKS:]

    def next_remark(self, now: int) -> Optional[Remark]:
        """The most remarkable one that is still fresh."""
        self.remarks = [one for one in self.remarks if now - one.at <= FRESH_MS]
        return self.remarks.pop(0) if self.remarks else None

    def answer(self, text: str, turn: Turn, host: Host) -> str:
        """What was asked about, in numbers."""

        def asks(*phrases: str) -> bool:
            return any(words.has_phrase(text, phrase) for phrase in phrases)

        position = self.session.heard
        if asks("last time", "last session", "last stream", "yesterday"):
            return self.before or self.recalled(host) or "no numbers from last time"
        if asks("record", "records", "streak", "in a row"):
            return lines.records(self.best)
        for kind, names in counts.NAMES.items():
            if any(asks(name) for name in names):
                if asks("when", "last", "since", "how long"):
                    return lines.since(kind, counts.pause(self.session, kind, position))
                return lines.total(kind, self.session.times.get(kind, 0))
        for word in words.all(text):
            if word in self.session.terms:
                return lines.term_total(word, self.session.terms[word])
        return lines.summary(self.session)

    def close(self, host: Host) -> None:
        """The session is over: what it came to is kept, and remembered."""
        if sum(self.session.times.values()) > 0:
            self.before = lines.last_time(self.session)
            try:
                host.remember(NewMemory(MemoryKind.PERSONA_NOTE, f"session totals: {self.before}"))
            except RecallError as error:
                host.warn(str(error))
        self.session = Session()

    def recalled(self, host: Host) -> Optional[str]:
        try:
            found = host.search("session totals", [MemoryKind.PERSONA_NOTE], 1)
        except RecallError as error:
            host.warn(str(error))
            return None
        return found[0].text.removeprefix("session totals: ") if found else None

    def say(self, text: str, mood: str, turn: Turn) -> Reply:
        line = Style.of(turn.profile).write(text, mood, turn.rng())
        if line is None:
            return silent("the style leaves nothing of the line")
        keep_latest(self.said, text, 12)
        return say(line[: turn.limits.max_line_chars])
