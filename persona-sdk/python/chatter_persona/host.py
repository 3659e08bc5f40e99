from typing import Iterable, Protocol

from .types import Budget, Completion, Level, MemoryEntry, MemoryKind, NewMemory, Request


class Host(Protocol):
    """What a persona may ask of its host during a call. Each call has a budget."""

    def complete(self, request: Request) -> Completion:
        """Asks the language model. Raises `LlmError`."""
        ...

    def remaining(self) -> Budget:
        """What this call may still ask of the language model."""
        ...

    def search(
        self, words: str = "", kinds: Iterable[MemoryKind] = (), limit: int = 8
    ) -> list[MemoryEntry]:
        """Finds what fits the words, best first; without words, the latest. Raises `RecallError`."""
        ...

    def remember(self, entry: NewMemory) -> None:
        """Asks for something to be remembered, once the call has returned well. Raises `RecallError`."""
        ...

    def log(self, level: Level, text: str) -> None:
        """Writes to the persona's log, which its author and the operator read, never viewers."""
        ...

    def debug(self, text: str) -> None:
        self.log(Level.DEBUG, text)

    def info(self, text: str) -> None:
        self.log(Level.INFO, text)

    def warn(self, text: str) -> None:
        self.log(Level.WARN, text)

    def error(self, text: str) -> None:
        self.log(Level.ERROR, text)
