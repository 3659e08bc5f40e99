def keep_latest(texts: list[str], text: str, most: int) -> bool:
    """Adds a text to a list of the latest ones, oldest first, and drops what is beyond `most`.

    If it is there already it only moves to the end. Whether it is new. For ids that one has reacted
    to and lines that one has said.
    """
    known = text in texts
    if known:
        texts.remove(text)
    texts.append(text)
    del texts[: max(0, len(texts) - most)]
    return not known
