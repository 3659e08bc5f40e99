"""What is counted, and what of it is remarkable."""

from dataclasses import dataclass, field
from typing import Iterator, Optional

from chatter_persona import StreamContext, words

#: The events that are counted, and the words by which people ask for them.
NAMES = {
    "fail": ("fail", "fails", "failed", "failures", "deaths"),
    "hype": ("win", "wins", "hype", "cheers", "wow"),
    "laughter": ("laugh", "laughs", "laughed", "laughter"),
    "chat_question": ("question", "questions"),
}

COUNTED = frozenset(NAMES)

#: The events of which several in a row are worth a word.
RUNS = ("fail", "hype")

#: So long without one, in milliseconds, makes the next one remarkable.
LONG_MS = 8 * 60_000

#: The most words that are counted.
MOST_TERMS = 24

#: Fewer letters make no running joke.
SHORTEST_TERM = 4


@dataclass
class Session:
    """What was counted since the stream began. Times are on the stream's clock, in milliseconds."""

    heard: int = 0
    times: dict[str, int] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)
    last: Optional[str] = None
    run: int = 0
    terms: dict[str, int] = field(default_factory=dict)


def count(session: Session, kind: str, at: int) -> None:
    """Counts an event."""
    session.times[kind] = session.times.get(kind, 0) + 1
    session.latest[kind] = at
    if kind in RUNS:
        session.run = session.run + 1 if session.last == kind else 1
        session.last = kind


def pause(session: Session, kind: str, at: int) -> Optional[int]:
    """How long the last one of a kind is ago; None if there was none."""
    latest = session.latest.get(kind)
    return None if latest is None else max(0, at - latest)


def is_round(number: int) -> bool:
    """Whether a count is worth mentioning: 5, 10, 15, 20, 25, then every tenth."""
    return number >= 5 and (number % 5 == 0 if number <= 25 else number % 10 == 0)


def hear(session: Session, context: StreamContext) -> Iterator[tuple[str, int]]:
    """Counts what the stream is about in what was said since; gives each word that reached a round number.

    A word is counted from when it first was a keyword. The one that was said least makes room.
    """
    for keyword in context.keywords:
        term = keyword.term
        if len(term) >= SHORTEST_TERM and words.all(term) == [term]:
            session.terms.setdefault(term, 0)
    fresh = [one.text for one in context.transcript if one.end > session.heard]
    session.heard = context.position
    for word in words.all(" ".join(fresh)):
        term = word if word in session.terms else word.removesuffix("s")
        if term in session.terms:
            session.terms[term] += 1
            if is_round(session.terms[term]):
                yield term, session.terms[term]
    while len(session.terms) > MOST_TERMS:
        del session.terms[min(session.terms, key=lambda term: session.terms[term])]
