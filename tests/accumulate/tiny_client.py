"""A driver in the persistent mode that folds streams with a miniature: tiny_client.py NAME. No test."""

from __future__ import annotations

import json
import sys
from urllib.request import Request, urlopen

import miniatures  # type: ignore[import-not-found]  # beside this file, which is run as a program

fold = getattr(miniatures, sys.argv[1])
for line in sys.stdin:
    case = json.loads(line)
    url, body = f"{case['base_url']}/chat/completions", json.dumps(case["request"]).encode()
    answer: dict[str, object]
    try:
        with urlopen(Request(url, body), timeout=case["timeout"]) as response:  # noqa: S310 - a loopback address
            answer = {"message": fold(response.read())}
    except Exception as error:  # noqa: BLE001 - whatever is raised is the answer
        answer = {"raised": {"type": type(error).__name__, "message": str(error)}}
    print(json.dumps({"case": case["case"], **answer}), flush=True)  # noqa: T201 - its answer
