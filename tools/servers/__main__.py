"""`python -m tools.servers NAME…`: records the cassettes of real servers anew; `all` for all of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tools.servers import aimock, litellm, llama_cpp_python, llamacpp, scripted, transformers, vllm
from tools.servers.environment import ROOT

SERVERS: dict[str, Callable[[Path], None]] = {
    "llama.cpp": llamacpp.record_all,
    "empower": scripted.record_all,
    "aimock": aimock.record_all,
    "litellm": litellm.record_all,
    "llama-cpp-python": llama_cpp_python.record_all,
    "transformers": transformers.record_all,
    "vllm": vllm.record_all,
}
"""What can be recorded, in the order of what it takes: seconds first, gigabytes last."""


def main() -> None:
    """Record the cassettes of the servers that are named."""
    parser = argparse.ArgumentParser(prog="python -m tools.servers", description=__doc__)
    parser.add_argument("names", nargs="+", choices=[*SERVERS, "all"], metavar="NAME", help=", ".join(SERVERS))
    parser.add_argument("--out", type=Path, default=ROOT / "cassettes", help="where to; the default is cassettes/")
    arguments = parser.parse_args()
    names = list(SERVERS) if "all" in arguments.names else arguments.names
    for name in names:
        SERVERS[name](arguments.out)


if __name__ == "__main__":
    main()
