"""`python -m tools.gateways NAME…`: measures what gateways make of the cassettes anew; `all` for all of them."""

from __future__ import annotations

import argparse

from deltaproof.errors import DeltaproofError
from tools.gateways import litellm, nginx, recorder
from tools.gateways.gateway import Serving
from tools.gateways.measured import KEPT, read, text_of
from tools.gateways.measuring import measure
from tools.gateways.page import PAGE, page_of
from tools.servers.environment import ROOT
from tools.servers.process import free_port

GATEWAYS: dict[str, Serving] = {
    "litellm": litellm.serving,
    "nginx": nginx.buffering,
    "nginx-unbuffered": nginx.unbuffered,
    "record": recorder.serving,
}
"""What can be measured, in the order of the page."""


def main() -> None:
    """Measure the gateways that are named, keep that, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tools.gateways", description=__doc__)
    parser.add_argument("names", nargs="+", choices=[*GATEWAYS, "all"], metavar="NAME", help=", ".join(GATEWAYS))
    names: list[str] = parser.parse_args().names
    kept = read()
    for name in GATEWAYS if "all" in names else names:
        upstream = free_port()
        try:
            with GATEWAYS[name](upstream) as gateway:
                kept[name] = measure(gateway, upstream)
        except DeltaproofError as error:
            parser.exit(2, f"{name}: {error}\n")
        print(f"{name}: {kept[name].passages} passages, {kept[name].wrong} not as they should be")
    kept = {name: kept[name] for name in GATEWAYS if name in kept}
    for path, text in ((KEPT, text_of(kept)), (PAGE, page_of(kept))):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
