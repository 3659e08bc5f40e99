"""Words of a chat line or a transcript, for languages that put spaces between words."""

import re

from . import letters

_WORD = re.compile(rf"(?:[^\W_]|['’{letters.SIGNS}])+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")


def all(text: str) -> list[str]:
    """The words of a text in lower case, in order. An apostrophe inside a word stays."""
    bare = (word.strip("'’").lower().replace("’", "'") for word in _WORD.findall(text))
    return [word for word in bare if word]


#: Words that say little about what a text is about: English function words, and what a chat says all
#: the time.
STOP_WORDS: tuple[str, ...] = tuple(
    """
    a about actually after again ah all also am an and any are aren around as at back be because
    been before being but by came can cant chat come could couldn did didn do does doesn doing
    don done dont down each else even every few for from get gets getting go goes going gonna
    got gotta guys had has have haven having he hello her here hey hi him his how huh i if in
    into is isn it its just keep kind know less let lets like little ll look lot make many maybe
    me mean more most much must my need never new next no not nothing now of off oh ok okay on
    once one only or other our out over own people pretty probably put quite rather re really
    right said same say see she should shouldn so some something still such sure take than that
    the their them then there these they thing things think this those though through to too try
    two uh um under until up us ve very wanna want was wasn way we well were what when where
    which while who why will with won would wow yeah yep yes yet you your
    """.split()
)

_STOPS = frozenset(STOP_WORDS)


def is_stop_word(word: str) -> bool:
    """Whether a word, in lower case, says little about what a text is about."""
    return len(word) < 2 or word.split("'")[0] in _STOPS


def telling(text: str) -> list[str]:
    """The words that tell what a text is about, in order and without repeats."""
    return list(dict.fromkeys(word for word in all(text) if not is_stop_word(word)))


def has_phrase(text: str, phrase: str) -> bool:
    """Whether a phrase stands in a text as whole words, whatever their letter case."""
    wanted, given = all(phrase), all(text)
    size = len(wanted)
    return size > 0 and any(given[i : i + size] == wanted for i in range(len(given) - size + 1))


def fingerprint(text: str) -> str:
    """What two lines have to share to count as the same: their words, drawn-out letters shortened."""
    return " ".join(_DRAWN_OUT.sub(r"\1\1", word) for word in all(text))
