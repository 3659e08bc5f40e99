"""Why the host did not answer. A persona goes on without."""

from typing import Literal, Optional


class Unanswered(Exception):
    """What is not caught ends the call in silence, with `reason`."""

    REASONS: dict[str, str] = {}

    def __init__(self, kind: str, detail: Optional[str] = None):
        self.kind = kind
        #: A few words, fit for `silent`.
        self.reason = self.REASONS.get(kind, self.REASONS["unavailable"])
        self.detail = detail
        super().__init__(f"{self.reason}: {detail}" if detail else self.reason)


class LlmError(Unanswered):
    """The language model gave no answer."""

    kind: Literal["busy", "over-budget", "timeout", "unavailable", "refused"]
    REASONS = {
        "busy": "the language model is busy",
        "over-budget": "no language model budget is left",
        "timeout": "the language model did not answer in time",
        "unavailable": "the language model is unavailable",
        "refused": "the language model refused the request",
    }


class RecallError(Unanswered):
    """The memory gave no answer."""

    kind: Literal["over-budget", "refused", "unavailable"]
    REASONS = {
        "over-budget": "no memory budget is left",
        "refused": "the memory refused the entry",
        "unavailable": "the memory is unavailable",
    }
