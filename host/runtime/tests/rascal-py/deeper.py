"""Code of the author's in another file, with a mistake in it."""


def deeper(turn):
    mood = turn.moods
    return mood.first
