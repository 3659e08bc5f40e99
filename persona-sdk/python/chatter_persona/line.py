"""One chat line out of any text.

Language models answer with quotes, markup, a name in front or a second paragraph, however clearly
they were told not to; what is left is what a person would type.
"""

import re
from typing import Optional

from . import emote, letters

_THINKING = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
)

_WRAPPERS = ('""', "“”", "„“", "«»", "‘’", "''", "``", "**")

_MARKS = ("- ", "* ", "> ", "• ", "# ", "## ", "### ")

#: Unicode's White_Space; `str.split` takes U+001C to U+001F for space too.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACES = re.compile(f"[{_SPACE}]+")
_IS_SPACE = re.compile(f"[{_SPACE}]")
_ENDS = re.compile(f"^[{_SPACE}]+|[{_SPACE}]+$")

#: Control and format characters, fillers, variation selectors; not the joiner and the selector that emoji are made with.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

_PICTOGRAPH = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")


def from_completion(text: str, names: list[str], max_chars: int) -> Optional[str]:
    """The chat line in a completion; None if nothing is left.

    Its first line that has words, without reasoning, code fences, list marks, quotes, emphasis and
    without one of `names` in front (`Nova: hi`), cut to `max_chars`. Emotes stay; what looks like one
    and is none goes.
    """
    for raw in re.split("\r\n|\n", _without_thinking(text)):
        whole = _trim(raw)
        if whole.startswith(("```", "<<<", ">>>")):
            continue
        line = emote.known(_bare(whole, names))
        if _PICTOGRAPH.search(line) or letters.any_in(line):
            return tidy(line, max_chars)
    return None


def tidy(text: str, max_chars: int) -> Optional[str]:
    """One line of any text, without what can't be seen, cut between words; None if nothing is left."""
    return cut(flatten(text), max_chars) or None


def flatten(text: str) -> str:
    """The text on one line, without what can't be seen."""
    seen = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    return _trim(re.sub(" +", " ", seen))


def cut(text: str, max_chars: int) -> str:
    """The beginning of a text, ending at a word's end unless that would lose more than half of it."""
    if len(text) <= max_chars:
        return _trim(text)
    kept = text[:max_chars]
    if not _IS_SPACE.match(text[max_chars]):
        space = next((i for i in range(len(kept) - 1, -1, -1) if _IS_SPACE.match(kept[i])), -1)
        # Half of it in bytes of UTF-8, as everywhere in chatter.
        if space >= 0 and len(kept[:space].encode()) >= len(kept.encode()) // 2:
            kept = kept[:space]
    return _trim(kept)


def _trim(text: str) -> str:
    return _ENDS.sub("", text)


def _without_thinking(text: str) -> str:
    for opening, closing in _THINKING:
        while True:
            start, end = text.find(opening), text.find(closing)
            if 0 <= start < end:
                text = text[:start] + text[end + len(closing) :]
            elif end >= 0:
                # Some servers keep the opening mark to themselves.
                text = text[end + len(closing) :]
            elif start >= 0:
                # It never came to an end, and so to no answer.
                text = text[:start]
            else:
                break
    return text


def _bare(line: str, names: list[str]) -> str:
    """Takes off, from the outside in, whatever is not the line itself."""
    while True:
        less = _unwrapped(line)
        for mark in _MARKS:
            less = less.removeprefix(mark)
        for name in names:
            rest = _without_name(less, name)
            if rest is not None:
                less = rest
                break
        less = _trim(less)
        if len(less) == len(line):
            return line
        line = less


def _unwrapped(line: str) -> str:
    for opening, closing in _WRAPPERS:
        if len(line) >= 2 and line.startswith(opening) and line.endswith(closing):
            inner = line[1:-1]
            # `"no" is "yes"` is not one quotation.
            core = inner.strip(opening + closing)
            if opening not in core and closing not in core:
                return _trim(inner)
    return line


def _ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _without_name(line: str, name: str) -> Optional[str]:
    """The line without `Name:`, `Name [ai]:`, `**Name:**` or the like in front."""
    wanted = _trim(name)
    start = line.lstrip("*_[<@ ")
    if not wanted or _ascii_lower(start[: len(wanted)]) != _ascii_lower(wanted):
        return None
    rest = start[len(wanted) :].lstrip("*_]> ")
    if rest.startswith("[ai]"):
        rest = rest[4:]
    elif rest.startswith("ai]"):
        rest = rest[3:]
    rest = rest.lstrip("*_]> ")
    if not rest.startswith(":"):
        return None
    rest = rest[1:]
    # `Nova :hype:` cheers for Nova.
    code, colon, _ = rest.partition(":")
    if colon and emote.find(code):
        return None
    return rest.lstrip("*_ ")
