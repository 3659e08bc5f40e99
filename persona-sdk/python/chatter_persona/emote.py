"""The built-in emotes: `:code:` in a line's text, pictures on the page."""

import re
from dataclasses import dataclass
from typing import Callable, Literal, Optional

from . import letters

Mood = Literal["joy", "shock", "fun", "puzzled", "calm", "warm"]


@dataclass(frozen=True)
class Emote:
    """An emote: what stands between the colons, what it means, when it fits (first where best)."""

    code: str
    means: str
    moods: tuple[Mood, ...]

    @property
    def written(self) -> str:
        """As it is written in a line: `:hype:`."""
        return f":{self.code}:"


ALL: tuple[Emote, ...] = (
    Emote("hype", "excitement, let's go", ("joy",)),
    Emote("fire", "on fire, on a streak", ("joy",)),
    Emote("wow", "amazement, mouth open", ("joy", "shock")),
    Emote("clap", "applause, well done", ("joy", "warm")),
    Emote("gg", "good game, that's a wrap", ("joy", "calm")),
    Emote("crown", "the best there is", ("joy",)),
    Emote("lol", "laughing out loud", ("fun",)),
    Emote("wheeze", "laughing until it hurts", ("fun",)),
    Emote("smirk", "ironic, told you so", ("fun", "calm")),
    Emote("rip", "it's over, a gravestone", ("shock",)),
    Emote("cry", "sad, in tears", ("shock",)),
    Emote("facepalm", "can't watch, embarrassing", ("shock",)),
    Emote("sweat", "nervous, tense", ("shock", "puzzled")),
    Emote("cope", "telling oneself it will be fine", ("shock", "fun")),
    Emote("think", "thinking, not sure", ("puzzled",)),
    Emote("what", "confused", ("puzzled",)),
    Emote("sus", "suspicious", ("puzzled", "fun")),
    Emote("brain", "clever, five moves ahead", ("puzzled", "joy")),
    Emote("eyes", "watching closely", ("calm", "puzzled")),
    Emote("snack", "popcorn, enjoying the show", ("calm", "fun")),
    Emote("cozy", "comfortable, calm", ("calm", "warm")),
    Emote("heart", "love", ("warm",)),
    Emote("wave", "hello or goodbye", ("warm",)),
    Emote("salute", "respect", ("warm", "shock")),
)

_BY_CODE = {emote.code: emote for emote in ALL}

_MOOD_OF_EVENT: dict[str, Mood] = {
    "hype": "joy",
    "stream_start": "joy",
    "fail": "shock",
    "laughter": "fun",
    "silence": "calm",
    "stream_end": "warm",
}


def mood_of_event(kind: str) -> Mood:
    """What an event of this kind feels like. Kinds are open: whatever is not known puzzles."""
    return _MOOD_OF_EVENT.get(kind, "puzzled")


def find(code: str) -> Optional[Emote]:
    """The emote with this code, in any letter case."""
    return _BY_CODE.get(code.lower())


#: `10:30:00` holds no code.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}")

#: A stretch of text, an emote, or None for what only looks like one.
_Piece = str | Emote | None


def _pieces(text: str) -> list[_Piece]:
    found: list[_Piece] = []
    begun = at = 0
    while (colon := text.find(":", at)) >= 0:
        at = colon + 1
        end = text.find(":", at)
        if end < 0:
            continue
        code = text[at:end]
        if not _CODE.fullmatch(code):
            continue
        emote = find(code)
        if emote is None and colon > 0 and letters.any_in(text[colon - 1]):
            continue
        found += [text[begun:colon], emote]
        at = begun = end + 1
    found.append(text[begun:])
    return found


def _join(text: str, write: Callable[[_Piece], str]) -> str:
    """One space between words, none at the ends; a text without codes stays as it is."""
    pieces = _pieces(text)
    whole = "".join(map(write, pieces))
    return whole if len(pieces) == 1 else " ".join(whole.split())


def in_text(text: str) -> list[Emote]:
    """The emotes that stand in a text, in order."""
    return [piece for piece in _pieces(text) if isinstance(piece, Emote)]


def known(text: str) -> str:
    """The text with its emotes as they are written, and without what only looks like one."""
    return map_words(text, lambda words: words)


def stripped(text: str) -> str:
    """The text without any emote."""
    return _join(text, lambda piece: piece if isinstance(piece, str) else "")


def map_words(text: str, change: Callable[[str], str]) -> str:
    """The text's words changed, its emotes as they are: codes have no capitals."""

    def write(piece: _Piece) -> str:
        if isinstance(piece, str):
            return change(piece)
        return piece.written if piece else ""

    return _join(text, write)


def only(text: str, most: int) -> Optional[str]:
    """The first `most` emotes of a text and nothing else; None if it has none."""
    return " ".join(emote.written for emote in in_text(text)[:most]) or None


def is_only(text: str) -> bool:
    """Whether there is nothing but emotes in a text."""
    return bool(in_text(text)) and stripped(text) == ""
