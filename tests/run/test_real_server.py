"""Facts about the suite on a real server: what llama.cpp does, scenario by scenario and rule by rule."""

from __future__ import annotations

import json
from pathlib import Path

from deltaproof.catalog import load_scenarios
from deltaproof.drive.llamacpp.llamacpp import LlamaServer
from tests.run.command import Command


def test_the_whole_suite_on_llama_cpp(command: Command, fresh_llamacpp: LlamaServer, tmp_path: Path) -> None:
    """Outcomes, failed checks and findings are what llama.cpp is known for, and nothing else."""
    arguments = ("--model", fresh_llamacpp.model, "--format", "json", "--record", tmp_path)
    ran = command(fresh_llamacpp.base_url, *arguments)
    report = json.loads(ran.out)
    outcomes = {one["name"]: one["status"] for one in report["scenarios"]}
    assert outcomes == dict.fromkeys(load_scenarios(), "judged") | {
        "tool-choice-any": "unsupported",
        "custom-tool": "failed",
        "legacy-functions": "unexercised",
        "refuse-choice-no-tools": "failed",
        "refuse-no-messages": "failed",
        "refuse-undeclared-tool": "failed",
        "refuse-unknown-model": "failed",
        "refuse-usage-no-stream": "failed",
    }
    failed = {
        (one["name"], check["check"], check["level"])
        for one in report["scenarios"]
        for check in one["checks"]
        if not check["holds"]
    }
    assert failed == {
        ("custom-tool", "accepts", "error"),
        ("refuse-choice-no-tools", "refuses", "warning"),
        ("refuse-no-messages", "refuses", "warning"),
        ("refuse-undeclared-tool", "refuses", "warning"),
        ("refuse-unknown-model", "refuses", "warning"),
        ("refuse-usage-no-stream", "refuses", "warning"),
    }
    found = {
        (exchange["scenario"], finding["rule"], finding["case"], finding["level"])
        for exchange in report["exchanges"]
        for finding in exchange["findings"]
    }
    # llama.cpp writes the time of each chunk: that a second passes in mid-stream is for the clock to decide.
    found = {one for one in found if one[1] != "chunk-created-constant"}
    refusals = ("tool-choice-any", "custom-tool", "refuse-broken-json", "refuse-n-0")
    assert found == {
        *((name, "http-error-body", "missing-key", "warning") for name in refusals),
        *((name, "http-error-body", "wrong-type", "warning") for name in refusals),
        ("tool-choice-allowed", "request-allowed-tools", "outside", "error"),
        ("tool-choice-named", "request-tool-choice-named", "other", "error"),
        ("parallel-calls-off", "request-parallel-tool-calls-false", "several", "error"),
        ("n-2", "choice-index-order", "gap", "error"),
        ("logprobs", "choice-logprobs", "partial", "warning"),
        ("refuse-choice-no-tools", "request-tool-choice-required", "missing", "error"),
        ("refuse-undeclared-tool", "request-tool-choice-named", "other", "error"),
    }
    assert (ran.code, ran.err) == (1, "")
    assert report["target"] == {
        "url": fresh_llamacpp.base_url,
        "model": fresh_llamacpp.model,
        "server": "llama.cpp",
        "fingerprint": report["target"]["fingerprint"],
    }
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(outcomes)


def test_llama_cpp_streams(command: Command, llamacpp: LlamaServer) -> None:
    """Long arguments come piece by piece, and the times are in order."""
    ran = command(llamacpp.base_url, "--model", llamacpp.model, "--format", "json", "--scenario", "arguments-*")
    for one in json.loads(ran.out)["scenarios"]:
        timing = one["timing"]
        assert timing["arrival"] == "stream"
        assert 0 < timing["first_byte"] <= timing["first_argument"]
        assert timing["longest_gap"] > 0
        assert timing["fragments_per_second"] > 1


def test_llama_cpp_keeps_its_word_when_asked_for_several_things_at_once(
    command: Command, llamacpp: LlamaServer
) -> None:
    """With four slots, three scenarios at once come to the same as one after the other."""
    arguments = ("--scenario", "*calls*", "--concurrency", "3", "--repeat", "2", "--format", "json")
    report = json.loads(command(llamacpp.base_url, "--model", llamacpp.model, *arguments).out)
    assert {one["name"]: (one["status"], one["attempts"]) for one in report["scenarios"]} == dict.fromkeys(
        (
            "parallel-calls-off",
            "three-calls-one-tool",
            "three-calls-three-tools",
            "two-calls-one-tool",
            "two-calls-two-tools",
        ),
        ("judged", 2),
    )
