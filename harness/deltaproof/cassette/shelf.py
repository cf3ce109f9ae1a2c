"""Which recorded exchange answers a request: by method, path and body, in order, or by scenario. Plays none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from deltaproof.cassette.difference import Difference, canonical, compare
from deltaproof.cassette.json_values import loads
from deltaproof.cassette.shelved import Entry, below_base
from deltaproof.exchange import Exchange

_MOST_KEPT = 100  # different unknown requests that are named


@dataclass(frozen=True, slots=True)
class Match:
    """The exchange that answers a request.

    Attributes:
        number: its place on the shelf, from 0.
        again: whether it has answered one before.
    """

    exchange: Exchange
    number: int
    again: bool


@dataclass(frozen=True, slots=True)
class Miss:
    """No exchange answers a request: why, in words without a final full stop.

    Attributes:
        closest: the exchange with the most similar request to the same path, None where there is none.
        differences: from that request to this one, the first of them first.
    """

    why: str
    closest: Exchange | None = None
    differences: tuple[Difference, ...] = ()


class Shelf:
    """Recorded exchanges as kept, to be found by what is asked; remembers what it gave.

    Bodies that are JSON are compared as values. Of several with equal requests each is given once, in recorded order,
    and the last one from then on; what a killed recorder left answers only where nothing else does. An exchange whose
    request is not known answers any to its path, and in a scenario any exchange does where no request is equal: in
    order too, and those first that stream like the request.
    """

    def __init__(self, exchanges: Iterable[Exchange] = ()) -> None:
        """Put exchanges on the shelf, in their order."""
        self._entries: list[Entry] = []
        self._by_request: dict[tuple[str, str, bytes], list[int]] = {}
        self._by_path: dict[tuple[str, str], list[int]] = {}
        self._by_scenario: dict[str, set[int]] = {}
        self._bodies: dict[bytes, bytes] = {}  # as they were sent, to what they are found by
        self._misses: Counter[str] = Counter()
        for exchange in exchanges:
            self.add(exchange)

    def add(self, exchange: Exchange) -> int:
        """Put one more exchange behind the others; return its number."""
        number = len(self._entries)
        entry = Entry(exchange)
        self._entries.append(entry)
        self._by_path.setdefault((entry.method, entry.path), []).append(number)
        if entry.is_known:
            body = entry.body
            key = self._bodies.setdefault(body, _key(body))
            self._by_request.setdefault((entry.method, entry.path, key), []).append(number)
        for name in entry.scenarios:
            self._by_scenario.setdefault(name, set()).add(number)
        return number

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The names by which scenarios are found, with a folder's only where one without it has more."""
        numbers = self._by_scenario
        return tuple(
            sorted(
                name
                for name in numbers
                if numbers[name] != numbers.get(name.rpartition("/")[2], set()) or "/" not in name
            )
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """Each method and path below the base that was recorded, in recorded order."""
        return tuple(f"{method} {path}" for method, path in self._by_path)

    @property
    def unused(self) -> tuple[Exchange, ...]:
        """The exchanges that were never given, in recorded order."""
        return tuple(entry.exchange for entry in self._entries if not entry.given)

    @property
    def repeated(self) -> tuple[tuple[Exchange, int], ...]:
        """The exchanges that were given more than once, with how often."""
        return tuple((entry.exchange, entry.given) for entry in self._entries if entry.given > 1)

    @property
    def missed(self) -> tuple[tuple[str, int], ...]:
        """Why requests found nothing, and how often each."""
        return tuple(self._misses.items())

    def models(self, scenario: str = "") -> tuple[str, ...]:
        """Return the models that were asked for, or that answered where the request is not known."""
        scope = self._by_scenario.get(scenario, set()) if scenario else range(len(self._entries))
        return tuple(dict.fromkeys(model for number in sorted(scope) if (model := self._entries[number].model)))

    def scenario_in(self, path: str) -> tuple[str, str]:
        """Split what stands after `/scenario/` in a path into the name and the rest; a name may have a slash."""
        first, _, rest = path.partition("/")
        second, slash, after = rest.partition("/")
        if f"{first}/{second}" in self._by_scenario:
            return f"{first}/{second}", slash + after
        return first, f"/{rest}"

    def holds(self, method: str, path: str, scenario: str = "") -> bool:
        """Tell whether anything is recorded for a method and path, whatever was asked."""
        numbers = self._by_path.get((method, below_base(path)), ())
        return bool(_within(numbers, self._by_scenario.get(scenario, set()) if scenario else None))

    def find(self, method: str, path: str, body: bytes, scenario: str = "") -> Match | Miss:
        """Find what answers a request; `path` may have any base before its version, and no query."""
        below = below_base(path)
        if scenario and scenario not in self._by_scenario:
            return self._miss(Miss(f"there is no scenario {scenario!r}"))
        scope = self._by_scenario[scenario] if scenario else None
        same_path: Sequence[int] = self._by_path.get((method, below), ())
        key = self._bodies.get(body) or _key(body)
        equal = _within(self._by_request.get((method, below, key), ()), scope)
        if not equal:
            same_path = _within(same_path, scope)
            equal = self._fitting(same_path, body, any_request=bool(scenario))
        if not equal:
            return self._miss(self._closest(f"{method} {below}", same_path, body))
        equal = [number for number in equal if not self._entries[number].is_recovered] or equal
        number = next((number for number in equal if not self._entries[number].given), equal[-1])
        entry = self._entries[number]
        entry.given += 1
        return Match(entry.exchange, number, again=entry.given > 1)

    def _fitting(self, numbers: Sequence[int], body: bytes, *, any_request: bool) -> Sequence[int]:
        """Return those that answer a request that equals none."""
        asked = loads(body)
        same = [number for number in numbers if self._entries[number].is_scrubbed]
        if same := [number for number in same if not any(compare(self._entries[number].asked, asked))]:
            return same
        fitting = numbers if any_request else [number for number in numbers if not self._entries[number].is_known]
        streams = isinstance(asked, dict) and asked.get("stream") is True
        return [number for number in fitting if self._entries[number].streams is streams] or fitting

    def _closest(self, request: str, numbers: Sequence[int], body: bytes) -> Miss:
        """Name the request that differs least, the first of several."""
        if not numbers:
            return Miss(f"nothing is recorded for {request}")
        asked = loads(body)
        asked = body.decode(errors="replace") if asked is None else asked
        best, fewest, lightest = numbers[0], None, None
        for number in numbers:
            differences = compare(self._entries[number].asked, asked, most=lightest)  # each weighs one at least
            weight = sum(difference.weight for difference in differences)
            if lightest is None or weight < lightest:
                best, fewest, lightest = number, differences, weight
        closest, differences = self._entries[best].exchange, fewest or ()
        place = f"{closest.source}#{closest.entry}"
        if not differences:
            return Miss(f"no recorded request equals this {request}; the closest is {place}", closest)
        more = f", and {len(differences) - 1:,} more differ" if len(differences) > 1 else ""
        return Miss(
            f"no recorded request equals this {request}; in the closest, {place}, {differences[0]}{more}",
            closest,
            differences,
        )

    def _miss(self, miss: Miss) -> Miss:
        if miss.why in self._misses or len(self._misses) < _MOST_KEPT:
            self._misses[miss.why] += 1
        else:
            self._misses["others"] += 1
        return miss


def _key(body: bytes) -> bytes:
    """Return what equal bodies have in common."""
    value = loads(body)
    text = None if value is None else canonical(value)
    return blake2b(text or body, digest_size=16).digest()


def _within(numbers: Sequence[int], scope: set[int] | None) -> Sequence[int]:
    return numbers if scope is None else [number for number in numbers if number in scope]
