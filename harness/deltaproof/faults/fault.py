"""What a fault is: a name, the case of a rule that it breaks, a change. No fault lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from deltaproof.exchange import Exchange
from deltaproof.faults.draft import Draft, InapplicableError, need


@dataclass(frozen=True, slots=True)
class Fault:
    """A named change to an exchange.

    Attributes:
        name: as `--fault` takes it.
        breaks: the rule and its case that it breaks, `slug.case`; empty where a client must bear the change, and no
            rule forbids it.
        does: what it does, a sentence.
        change: does it to a draft, or raises `InapplicableError`.
        also: what else deviates then, `slug.case`, each with the reason, a sentence.
    """

    name: str
    breaks: str
    does: str
    change: Callable[[Draft], None]
    also: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def rule(self) -> str:
        """The slug of the rule that it breaks, empty where it breaks none."""
        return self.breaks.partition(".")[0]

    @property
    def case(self) -> str:
        """The case of that rule."""
        return self.breaks.partition(".")[2]

    def apply(self, exchange: Exchange, *, seed: int = 0) -> Exchange:
        """Return the exchange with the fault; all that the fault does not touch is kept byte for byte.

        Args:
            exchange: any exchange, conformant or not.
            seed: decides where there is a choice, such as which of two calls to break; the same one chooses the same.

        Raises:
            InapplicableError: the exchange has nothing that could be broken in this way, or is broken so already.
        """
        draft = Draft(exchange, Random(seed))  # noqa: S311 - nobody is to be kept from guessing it
        try:
            self.change(draft)
            changed = draft.exchange()
            need(changed != exchange, "it is like that already")
        except InapplicableError as error:
            raise InapplicableError(f"{self.name} does not apply: {error.what}", where=exchange.source) from None
        return changed


def fault(
    name: str, breaks: str = "", *, also: Mapping[str, str] | None = None
) -> Callable[[Callable[[Draft], None]], Fault]:
    """Make a fault of a change: a function that changes a draft, and whose docstring says what it does."""

    def make(change: Callable[[Draft], None]) -> Fault:
        return Fault(name, breaks, (change.__doc__ or "").partition("\n")[0], change, also or {})

    return make
