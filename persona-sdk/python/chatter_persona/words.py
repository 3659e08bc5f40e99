"""Words of a chat line or a transcript, for languages that put spaces between words."""

import re

from . import letters

_WORD = re.compile(rf"(?:[^\W_]|['’{letters.SIGNS}])+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")


def all(text: str) -> list[str]:
    """The words of a text in lower case, in order. An apostrophe inside a word stays."""
    bare = (word.strip("'’").lower().replace("’", "'") for word in _WORD.findall(text))
    return [word for word in bare if word]


def has_phrase(text: str, phrase: str) -> bool:
    """Whether a phrase stands in a text as whole words, whatever their letter case."""
    wanted, given = all(phrase), all(text)
    size = len(wanted)
    return size > 0 and any(given[i : i + size] == wanted for i in range(len(given) - size + 1))


def fingerprint(text: str) -> str:
    """What two lines have to share to count as the same: their words, drawn-out letters shortened."""
    return " ".join(_DRAWN_OUT.sub(r"\1\1", word) for word in all(text))
