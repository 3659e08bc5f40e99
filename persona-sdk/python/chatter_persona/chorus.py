"""Joining in: what a chat does in a wave.

When something happens, people in a chat write what others write: the same word, the same emote, `F`.
That takes no language model. A persona keeps a `Chorus` among its fields, shows it each stream context,
and asks it for a line before it thinks of one of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Iterable, Optional

from . import words
from .reaction import is_reaction
from .style import Style
from .types import AuthorKind, ChatMessage, Dropped, StreamContext, Turn

#: What others said is repeated for so long, in milliseconds.
_REPEAT_MS = 30_000

#: Different authors who say the same within so long make a wave, in milliseconds.
_WAVE_MS = 15_000

#: After something happened a single reaction is enough for so long, in milliseconds.
_MOMENT_MS = 20_000

#: A wave is over after so long, in milliseconds, and the same words may start another.
_OVER_MS = 90_000

#: So many joined waves are kept in mind.
_JOINED = 8

#: A character whose profile says nothing of `conformity`.
_CONFORMITY = 0.3

#: Numbers of its own, so that a line that is not joined is none the less what it was.
_OF_THE_CHORUS = 0x63_686F_7275_7321

_LOUD = ("hype", "fail", "laughter", "stream_start")


@dataclass
class Seen:
    """What was seen, and when by the turn's clock."""

    what: str
    at: int


@dataclass
class _Voices:
    """A text that others said, as it was said last."""

    print: str
    text: str
    said_at: int
    authors: set[str] = field(default_factory=set)


@dataclass
class Chorus:
    """Joining in with what others say.

    What is repeated is short, a reaction and nothing else: words that stand in a list, emotes, and what
    the stream is about if several said it. Links, names, and what anybody says about themselves can't
    get through.
    """

    #: The latest event that people react to.
    moment: Optional[Seen] = None
    #: The waves that it joined.
    joined: list[Seen] = field(default_factory=list)

    def watch(self, turn: Turn, context: StreamContext) -> None:
        """Takes in what happened on the stream."""
        latest = None
        for event in context.events:
            counts = event.kind in _LOUD and event.at <= context.position
            if counts and (latest is None or event.at >= latest.at):
                latest = event
        if latest is None:
            return
        at = max(0, turn.now - (context.position - latest.at))
        known = self.moment.what if self.moment else None
        if known != latest.id and turn.now - at <= _MOMENT_MS:
            self.moment = Seen(latest.id, at)

    def join(self, turn: Turn, style: Style, topic: Iterable[str] = ()) -> Optional[str]:
        """What the persona repeats now instead of a line of its own; None if it does not join in.

        If the chat is in a wave and it is one who joins in: the more `conformity`, the surer. Once a
        wave. `topic` is what the stream is about.
        """
        rng = random.Random(turn.seed ^ _OF_THE_CHORUS)
        self.joined = [one for one in self.joined if turn.now - one.at < _OVER_MS]
        happened = self.moment
        if happened and turn.now - happened.at > _MOMENT_MS:
            happened = None

        def is_one_of(voices: _Voices) -> bool:
            is_now = happened is not None and voices.said_at >= happened.at
            return is_now and is_reaction(voices.text, [])

        about = [word for term in topic for word in words.all(term)]
        # Among what is said now, what most say.
        pool = [
            voices
            for voices in self._voices(turn, style, about)
            if len(voices.authors) > 1 or is_one_of(voices)
        ]
        weights = [len(voices.authors) ** 2 for voices in pool]
        if not sum(weights):
            return None
        chosen = rng.choices(pool, weights)[0]
        wave = happened.what if happened else chosen.print
        if any(one.what == wave for one in self.joined):
            return None
        conformity = turn.profile.trait("conformity", _CONFORMITY)
        if rng.random() >= _readiness(conformity, len(chosen.authors)):
            return None
        line = style.repeat(chosen.text, happened is not None, rng)
        if line is None:
            return None
        self.joined += [Seen(what, turn.now) for what in dict.fromkeys((wave, chosen.print))]
        self.joined = self.joined[-_JOINED:]
        return line if len(line) <= turn.limits.max_line_chars else None

    def _voices(self, turn: Turn, style: Style, topic: list[str]) -> list[_Voices]:
        """What others said just now that this character could repeat, by what was said first."""
        recent = [one for one in turn.recent if turn.now - one.sent_at <= _REPEAT_MS]
        everybody = [one.author.name for one in turn.recent] + [turn.profile.name]
        names = {word for name in everybody for word in words.all(name)}
        taboo = {_print(one.text) for one in turn.fates if isinstance(one.fate, Dropped)}
        taboo |= {_print(one.text) for one in recent if turn.is_mine(one)}
        taboo |= {one.what for one in self.joined}
        found: dict[str, _Voices] = {}
        for message in recent:
            if not _may_be_repeated(turn, message, topic, names):
                continue
            same = _print(message.text)
            if same in taboo or style.repeat(message.text, False, random.Random(0)) is None:
                continue
            voices = found.setdefault(same, _Voices(same, message.text, message.sent_at))
            voices.text = message.text
            voices.said_at = max(voices.said_at, message.sent_at)
            if turn.now - message.sent_at <= _WAVE_MS:
                voices.authors.add(message.author.id)
        return list(found.values())


def _readiness(conformity: float, authors: int) -> float:
    """How likely one joins in when so many others said it just now."""
    return min(conformity * (1.5 if authors > 1 else 1.2), 0.95)


def _may_be_repeated(turn: Turn, message: ChatMessage, topic: list[str], names: set[str]) -> bool:
    return (
        not turn.is_mine(message)
        and message.author.kind is not AuthorKind.SYSTEM
        and message.reply_to is None
        and not message.mentions
        and not any(word in names for word in words.all(message.text))
        and is_reaction(message.text, topic)
    )


def _print(text: str) -> str:
    """What two lines share that are the same but for shouting."""
    return words.fingerprint(text) or text.strip()
