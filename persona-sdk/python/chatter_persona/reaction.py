"""Lines that are reactions and nothing else."""

import re

from . import emote, letters, words

_MAX_WORDS = 4
_MAX_CHARS = 40

#: The words that reactions are made of, without drawn-out letters. None of them speaks of the one who
#: writes, and none can be thrown at somebody else.
REACTIONS: tuple[str, ...] = tuple(
    """
    a absolute absolutely again agreed ahead alive all almost always amazing and another any arc
    aw awesome back banger based beautiful believe best big bless boom brain bravo bro bruh
    built bye called came chat chills cinema clap clean clip clipped close clutch cmon come
    comeback comedy comes coming cook cooked cooking cool cope cozy crazy crispy crossed crying
    cursed day diff different done doubt down dying easy encore epic ever every everything
    exactly ez f facts fair faster finally fingers fire first focus for fr frame free frfr full
    gg ggs gl glhf go goat goated goes going gold gone good goosebumps great happened happens
    hard heartbreak hello help here hey hi history hold how hug huge huh hydrate hype hyped
    iconic idk in inches insane interesting is it it's its just kek kekw last legend legendary
    legit lesgo let let's lets lfg live lmao lock locked lol lore louder luck magic massive
    maybe missed moment mood more music nah nailed naur never new next nice night no nope not
    now nt obviously of ofc oh ok okay omg on one oof ooh op ouch over pain peak perfect please
    pls plz pog poggers possible prayge press prob pure ready real replay rigged right rip
    robbed ruined run sadge said same save screaming seated send sheesh snacks so soon start
    still stop story such sus suspense take tense thanks that that's thats the there things this
    tho though time timing to too tragedy true trust try ty uh unlucky unreal unstoppable up
    vibes victory vote w wait waiting was way we we're well were what wheezing when where whoa
    why wild win wins woo woohoo work worked works worth wow wp ws yay yeah yep yes yikes yo
    yolo yup
    """.split()
)

_KNOWN = frozenset(REACTIONS)

#: Emoji, what joins them, and what colours them.
_EMOJI = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff\u200d\ufe0f]")

#: `bit.ly/x`, `@ana`, `#ad`, `5:1`: none of it belongs into a shout.
_DOT_IN_WORD = re.compile(rf"\.(?:[^\W_]|[{letters.SIGNS}])")
_LAUGH = re.compile("[ha]{3,}|[he]{3,}|[lo]{3,}|lma[lmao]*")
_RUN = re.compile(r"(.)\1+")


def is_reaction(text: str, topic: list[str]) -> bool:
    """Whether a line is short, and made of reactions, emotes and `topic` (lower case) alone."""
    written = len(text.split())
    if len(text) > _MAX_CHARS or not 0 < written <= _MAX_WORDS:
        return False
    without = emote.stripped(text)
    is_something = (
        letters.any_in(without) or _EMOJI.search(without) is not None or bool(emote.in_text(text))
    )
    is_plain = all(map(_is_plain, without)) and not _DOT_IN_WORD.search(without)
    return is_something and is_plain and all(_is_word(word, topic) for word in words.all(without))


def _is_plain(c: str) -> bool:
    is_digit = c.isascii() and c.isdigit()
    is_letter = not c.isnumeric() and letters.any_in(c)
    return is_letter or is_digit or c.isspace() or c in "'’!?,+." or bool(_EMOJI.match(c))


def _is_word(word: str, topic: list[str]) -> bool:
    return (
        _is_count(word)
        or _LAUGH.fullmatch(word) is not None
        or any(_shortened(word, most) in _KNOWN for most in (1, 2))
        or word in topic
    )


def _is_count(word: str) -> bool:
    """`+1`, `100`; no telephone number."""
    return re.fullmatch("[0-9]{1,3}", word) is not None


def _shortened(word: str, most: int) -> str:
    """The word with runs of a letter cut to `most`."""
    return _RUN.sub(lambda run: run[0][:most], word)
