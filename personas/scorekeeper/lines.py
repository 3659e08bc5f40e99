"""What it says: numbers, in a few words."""

from typing import Optional

from chatter_persona import line
from counts import Session

_ONE = {"fail": "fail", "hype": "win", "laughter": "laugh", "chat_question": "question"}
_MANY = {"fail": "fails", "hype": "wins", "laughter": "laughs", "chat_question": "questions"}


def term_count(term: str, count: int) -> str:
    return f"{_short(term)} count: {count}"


def term_total(term: str, count: int) -> str:
    return f"{_short(term)}: {count} so far" if count else f"no {_short(term)} yet"


def number(kind: str, count: int) -> str:
    return f"{_ONE[kind]} number {count}"


def in_a_row(kind: str, run: int) -> str:
    return f"{run} {_MANY[kind]} in a row"


def record(kind: str, run: int) -> str:
    return f"{run} {_MANY[kind]} in a row, new record"


def run_ends(kind: str, run: int) -> str:
    return f"and the run of {run} {_MANY[kind]} ends"


def first_in(kind: str, pause: int) -> str:
    return f"first {_ONE[kind]} in {minutes(pause)}"


def since(kind: str, pause: Optional[int]) -> str:
    return f"no {_ONE[kind]} yet" if pause is None else f"last {_ONE[kind]}: {minutes(pause)} ago"


def total(kind: str, count: int) -> str:
    return f"{count} {_ONE[kind] if count == 1 else _MANY[kind]} so far"


def records(best: dict[str, int]) -> str:
    named = [f"{run} {_MANY[kind]}" for kind, run in sorted(best.items())]
    return f"record in a row: {', '.join(named)}" if named else "no run worth the name yet"


def summary(session: Session) -> str:
    """The session so far."""
    return f"{_totals(session)} so far" if session.times else "nothing on the board yet"


def last_time(session: Session) -> str:
    return f"last time: {_totals(session)}"


def _totals(session: Session) -> str:
    order = [kind for kind in ("hype", "fail", "laughter") if session.times.get(kind)]
    parts = [total(kind, session.times[kind]).removesuffix(" so far") for kind in order]
    return ", ".join(parts) or f"{sum(session.times.values())} questions"


def minutes(milliseconds: int) -> str:
    if milliseconds < 60_000:
        return f"{max(1, milliseconds // 1000)} s"
    return f"{milliseconds // 60_000} min"


def _short(term: str) -> str:
    """A keyword is made of what was said on the stream: it is cut."""
    return line.tidy(term, 20) or "that"
