"""How a character writes, read from the words of its `style`.

What code has to hold to, whatever the model did. Words that are not known change nothing.
"""

from __future__ import annotations

import random
import re
from typing import Literal, Optional

from . import emote, letters, words
from .types import Profile

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()

_SHARES = {
    "never": 0.0,
    "rarely": 0.07,
    "sometimes": 0.25,
    "often": 0.5,
    "always": 0.75,
    "only": 1.0,
}


class Style:
    """How a character writes."""

    #: How many words a line has: the least and the most.
    words: tuple[int, int]
    emotes: Literal["never", "rarely", "sometimes", "often", "always", "only"]
    #: The emotes that it names; empty if it leaves the choice open.
    own_emotes: list[emote.Emote]

    def __init__(self, style: str):
        text = style.lower()

        def says(*parts: str) -> bool:
            return any(part in text for part in parts)

        self.words = _length(text)
        self.emotes = _emotes(text)
        self.own_emotes = list(dict.fromkeys(emote.in_text(style)))
        #: Nothing in capitals, unless it shouts.
        self.lowercase = says("lowercase", "lower case", "no capitals") and not says(
            "lowercase letter as often"
        )
        #: Capitals when excited.
        self.shouts = says("caps when", "capitals when", "all caps")
        #: No full stops and exclamation marks.
        self.bare = says(
            "no punctuation", "no full stops", "without punctuation", "no exclamation"
        )
        #: Vowels drawn out when excited.
        self.stretches = says("stretches", "stretched", "draws out", "drawn-out")

    @classmethod
    def of(cls, profile: Profile) -> Style:
        """How this character writes."""
        return cls(profile.style)

    @property
    def emote_share(self) -> float:
        """The share of lines that have an emote, about."""
        return _SHARES[self.emotes]

    def emote(self, mood: emote.Mood, rng: random.Random) -> Optional[emote.Emote]:
        """An emote of its own that fits the mood, if it has any."""
        if self.emotes == "never":
            return None
        pool = self.own_emotes or list(emote.ALL)
        best = [one for one in pool if one.moods[0] == mood]
        fitting = [one for one in pool if mood in one.moods]
        some = best if best and rng.random() < 0.7 else fitting
        if some:
            return rng.choice(some)
        if self.emotes != "only":
            return None
        return next((one for one in pool if "calm" in one.moods), pool[0])

    def write(self, text: str, mood: emote.Mood, rng: random.Random) -> Optional[str]:
        """A line of the module's own in this character's hand: its case, an emote at times."""
        if self.emotes == "only":
            one = self.emote(mood, rng)
            return emote.only(text, 3) or (one.written if one else None)
        line = emote.stripped(text) if self.emotes == "never" else emote.known(text)
        if self.lowercase:
            line = emote.map_words(line, str.lower)
        if self.bare:
            line = re.sub(r"[!.\s]+$", "", line)
        if not emote.in_text(line) and rng.random() < self.emote_share:
            if one := self.emote(mood, rng):
                line += f" {one.written}"
        return line or None

    def repeat(self, text: str, excited: bool, rng: random.Random) -> Optional[str]:
        """A line of another as this character would repeat it; None if nothing is left.

        In its own case, without the emotes or without the words if it never has them, now and then
        louder.
        """
        if self.emotes == "only":
            return emote.only(text, 3)
        line = emote.stripped(text) if self.emotes == "never" else emote.known(text)
        if emote.is_only(line):
            few = len(line.split()) < 3
            if few and self.emotes in ("often", "always") and rng.random() < 0.25:
                line += f" {emote.in_text(line)[0].written}"
            return line
        if self.bare:
            line = line.rstrip("!.").rstrip()
        if self.shouts and excited and rng.random() < 0.5:
            line = emote.map_words(line, str.upper)
        elif self.lowercase:
            line = emote.map_words(line, str.lower)
        if self.stretches and excited:
            line = _longer(line, rng)
        return line or None


def _longer(text: str, rng: random.Random) -> str:
    """A drawn-out end, drawn out more."""
    end = re.search(r"(.)\1+$", text)
    if end is None or end[1].isnumeric() or not letters.any_in(end[1]) or rng.random() >= 0.5:
        return text
    return text + end[1] * rng.randint(1, 3)


def word_count(line: str) -> int:
    """How many words a line has, an emote counting as one."""
    rest = emote.stripped(line).split()
    return sum(letters.any_in(word) for word in rest) + len(emote.in_text(line))


def _length(text: str) -> tuple[int, int]:
    """`one to three words`, `2-6 words`, `at most five words`; else how short it says it is."""
    every = words.all(re.sub("[-–]", " to ", text))
    windows = [every[i : i + 4] for i in range(len(every) - 3)]
    for least, between, most, unit in windows:
        is_range = (between in ("to", "or") and unit.startswith("word")) or (
            between == "to" and unit == "of"
        )
        low, high = _number(least), _number(most)
        if is_range and low is not None and high is not None and low <= high:
            return max(low, 1), max(high, 1)
    for first, second, most, unit in windows:
        high = _number(most)
        if (first, second) in (("at", "most"), ("up", "to")) and unit.startswith("word"):
            if high is not None:
                return 1, max(high, 1)
    if words.has_phrase(text, "very short"):
        return 1, 3
    if words.has_phrase(text, "short"):
        return 1, 6
    if words.has_phrase(text, "long") or words.has_phrase(text, "complete sentence"):
        return 6, 20
    return 1, 8


def _number(word: str) -> Optional[int]:
    if word in _NUMBERS:
        return _NUMBERS.index(word)
    return int(word) if word.isascii() and word.isdigit() and int(word) <= 60 else None


def _emotes(text: str) -> Literal["never", "rarely", "sometimes", "often", "always", "only"]:
    """How often, by what stands in the sentence that speaks of emotes."""

    def says(where: str, *parts: str) -> bool:
        return any(part in where for part in parts)

    if says(text, "only emotes", "nothing but emotes"):
        return "only"
    if says(text, "no emotes", "never emotes", "without emotes"):
        return "never"
    sentence = next((part for part in re.split("[.;]", text) if "emote" in part), None)
    if sentence is None:
        return "sometimes"
    if says(sentence, "all the time", "always", "every line"):
        return "always"
    if says(sentence, "often", "a lot", "heaps", "many"):
        return "often"
    if says(sentence, "rare", "seldom", "hardly", "in ten lines"):
        return "rarely"
    return "sometimes"
