"""How a call that raised is explained to its author."""

import re
import traceback

#: Where the build's folders are mounted while Python is frozen into the component: `/0/persona.py`.
_MOUNT = re.compile(r"^/\d+/")


def explain(error: BaseException) -> tuple[str, str]:
    """The error in one line with the place in the author's code, and the way there, outermost first."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [
        (_MOUNT.sub("", frame.filename), frame.lineno, frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    own = [i for i, (file, _, _) in enumerate(frames) if is_own(file)]
    if not own:
        return words, ""
    shown = [f"{file}:{line} in {name}" for file, line, name in frames]
    return f"{words} at {shown[own[-1]]}", "\n".join(shown[own[0] :])


def is_own(file: str) -> bool:
    """Whether a file is the author's: not the SDK's, not Python's own."""
    return "chatter_persona/" not in file and not file.startswith(("/", "<"))
