"""Facts about the rule pages: every example on them does what it is marked to do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from deltaproof.catalog import CLIENTS, Example, load
from deltaproof.exchange import End, Exchange, Head
from deltaproof.rules import RULES
from deltaproof.verdict import Judge, Judgement, Verdict


def exchange_of(slug: str, example: Example) -> Exchange:
    """Return the exchange that an example shows."""
    head, body = None, example.body
    if example.headed:
        first, _, body = example.body.partition(b"\n\n")
        status, *lines = first.decode().splitlines()
        pairs = (line.partition(":") for line in lines)
        head = Head(int(status.split()[1]), tuple((name, value.strip()) for name, _, value in pairs))
    request = json.loads(example.request) if example.request else None
    answer = json.loads(example.answer) if example.answer else None
    return Exchange(source=slug, body=body, request=request, head=head, answer=answer, end=End(example.end))


def judged(slug: str, example: Example) -> Judgement:
    """Judge an example strictly, with the limit that it sets."""
    exchange = exchange_of(slug, example)
    judging = Judge(exchange, profile="openai-strict", limit=example.limit)
    judging.feed(exchange.body)
    return judging.close(exchange.end)


def examples() -> Iterator[object]:
    """Return every example of every page."""
    for slug, page in load().pages.items():
        for number, example in enumerate(page.examples):
            yield pytest.param(slug, example, id=f"{slug}-{number}-{example.case or 'conforms'}")


@pytest.mark.parametrize(("slug", "example"), list(examples()))
def test_an_example_does_what_it_is_marked_to_do(slug: str, example: Example) -> None:
    """A conforming example conforms; a deviating one deviates by its case and by no other case of the rule."""
    judgement = judged(slug, example)
    if not example.case:
        assert judgement.verdicts[slug] is Verdict.CONFORMS
        return
    assert judgement.verdicts[slug] is Verdict.DEVIATES
    found = {finding.case for finding in judgement.findings if finding.rule == slug}
    levels = load().profiles["openai-strict"]
    expected = {example.case} if levels.level(slug, load().pages[slug].cases[example.case]) != "off" else set()
    assert found == expected


@pytest.mark.parametrize(("slug", "example"), list(examples()))
def test_an_example_deviates_by_nothing_but_what_it_is_marked_with(slug: str, example: Example) -> None:
    """Over all rules of the strictest profile an example has its own case, what it says it must have too, and no more."""
    judgement = judged(slug, example)
    shown = {f"{slug}.{example.case}"} if example.case else set()
    assert {f"{finding.rule}.{finding.case}" for finding in judgement.findings} == shown | example.also


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    """Slugs of rules and names of pages are the same set, each once."""
    slugs = [rule.slug for rule in RULES]
    assert sorted(slugs) == sorted(load().pages)
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize("slug", load().pages)
def test_a_page_is_complete(slug: str) -> None:
    """A page names itself, says why in one line, shows what conforms, and shows each of its cases."""
    page = load().pages[slug]
    assert page.text.lstrip().startswith(f"# {slug}\n")
    assert page.statement.endswith(".")
    assert page.why.endswith(".")
    assert page.sources
    shown = {example.case for example in page.examples}
    assert shown == {"", *page.cases}
    for case in page.cases.values():
        assert set(case.levels) == {"openai-strict", "de-facto", "lenient"}
        assert case.breaks is None or case.breaks.clients == CLIENTS
        assert not case.why or (case.why.endswith(".") and case.why != page.why)
