"""Facts about the page of gateways: what it shows of what was measured, and what it leaves out."""

from __future__ import annotations

from tools.gateways.measured import Measured, Told
from tools.gateways.page import CAME, page_of
from tools.gateways.page_faults import BROKEN_SO

LONG = "x" * 200


def measured(**broken: dict[str, int]) -> Measured:
    """Return what was measured of a gateway that holds some fragments back and does this to broken recordings."""
    return Measured(
        title="G",
        version="1",
        settings="as it comes",
        configuration="first: 1\nsecond: 2\n",
        deltaproof="0",
        recordings={},
        passages=10,
        wrong=4,
        held=3,
        median=1234.5,
        p99=None,
        told=(
            Told("repaired", "done-sentinel.missing", "[DONE] | is not there", 2, ("a.yaml",), "data: note"),
            Told("swallowed", "", "an error is lost", 1, ("b.yaml",), LONG),
        ),
        broken={"cut-clean": {}, **broken},
        tried=dict.fromkeys(("cut-clean", *broken), 3),
    )


def test_held_fragments_are_counted_and_have_no_time() -> None:
    """What is not known is a dash."""
    assert "\n| G 1 | as it comes | 10 | 6 | 3 | 1,234.5 ms | — |\n" in page_of({"g": measured()})


def test_a_gateway_is_shown_as_it_was_set_up_with_what_is_wrong_first() -> None:
    """What came out stands below the table, shortened, and only of what is wrong."""
    page = page_of({"g": measured()})
    assert "\n```\nfirst: 1\nsecond: 2\n```\n" in page
    assert page.partition("| --- | --- | ---: | --- |\n")[2].partition("\n## ")[0] == (
        "| **swallowed** | an error is lost | 1 | b.yaml |\n"
        "| repaired | [done-sentinel](../specs/rules/done-sentinel.md): [DONE] \\| is not there | 2 | a.yaml |\n"
        "\n"
        "What came out in the first passage of each row in bold:\n"
        "\n"
        f"- swallowed: `` {'x' * (CAME - 1)}… ``\n"
    )


def test_faults_that_change_nothing_are_named_in_a_sentence() -> None:
    """As are gateways that change none; a rule that is named is a link to its page."""
    said = {"deviates finish-once.cut": 1, "swallowed": 3}
    page = page_of({"g": measured(**{"cut-reset": said}), "h": measured()})
    assert page.partition(f"{BROKEN_SO}\n")[2] == (
        "\n"
        "| fault | g |\n"
        "| --- | --- |\n"
        "| cut-reset | **swallowed**, **deviates** [finish-once.cut](../specs/rules/finish-once.md) (1 of 3) |\n"
        "\n"
        "Of `h` nothing is said: there is no column for that.\n"
        "\n"
        "Every gateway passed these on, or told the client of the error: cut-clean.\n"
    )
