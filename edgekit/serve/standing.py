"""Where each of a server's runners stands: proved, to be started again, or given up."""

from collections.abc import Collection
from dataclasses import dataclass, field

MOST_ENDS = 4
"""Who ends as often is not started again."""
STEADY_SECONDS = 600.0
"""Who has been proved for so long before it ends has its earlier ends forgotten."""


@dataclass
class Standing:
    """Of the runners `ids`; a `shadow` answers nobody. Times are seconds of a clock that does not go back."""

    ids: Collection[str]
    shadow: str | None = None
    _since: dict[str, float] = field(default_factory=dict)
    _ends: dict[str, int] = field(default_factory=dict)
    _given_up: set[str] = field(default_factory=set)

    @property
    def all_proved(self) -> bool:
        """Whether every one is, the shadow too."""
        return all(id in self._since for id in self.ids)

    @property
    def hopeless(self) -> bool:
        """Whether every one that answers somebody is given up."""
        return all(id in self._given_up for id in self.ids if id != self.shadow)

    def proved(self, id: str, now: float) -> None:
        """Its golden samples have passed."""
        self._since[id] = now

    def ended(self, id: str, now: float) -> bool:
        """It has ended; whether another one is worth a try."""
        since = self._since.pop(id, None)
        steady = since is not None and now - since >= STEADY_SECONDS
        self._ends[id] = (0 if steady else self._ends.get(id, 0)) + 1
        return self._ends[id] < MOST_ENDS

    def give_up(self, id: str) -> None:
        """It is not started again."""
        self._since.pop(id, None)
        self._given_up.add(id)

    def is_given_up(self, id: str) -> bool:
        """Whether it is."""
        return id in self._given_up
