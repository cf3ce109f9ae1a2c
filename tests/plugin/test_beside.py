"""Facts about the fixture beside other plugins: asyncio's tests, unittest's, recordings of other kinds, no network."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from deltaproof.plugin.places import cassette_name
from tests.plugin.project import REQUEST, Project, answered

OPENAI = f"""
import json
import openai

REQUEST = json.loads({json.dumps(json.dumps(REQUEST))})

async def arguments(base_url):
    async with openai.AsyncOpenAI(base_url=base_url, api_key="unused", max_retries=0) as client:
        stream = await client.chat.completions.create(**REQUEST)
        return "".join(
            [call.function.arguments async for chunk in stream for one in chunk.choices for call in one.delta.tool_calls or ()]
        )
"""


@pytest.mark.parametrize(("plugin", "mark"), [("pytest_asyncio.plugin", "asyncio"), ("anyio.pytest_plugin", "anyio")])
def test_asyncio_s_tests_have_it_too(plugin: str, mark: str, project: Project) -> None:
    """The endpoint runs in a thread of its own: a loop that waits for it does not wait for itself."""
    project.cassette(answered())
    project.write("client.py", OPENAI)
    project.tests(f"""
from client import arguments

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.{mark}
async def test_it(deltaproof):
    assert await arguments(deltaproof.base_url) == '{{"a":1}}'
    assert deltaproof.stream.tool_calls[0].arguments == '{{"a":1}}'

@pytest.mark.{mark}
@pytest.mark.deltaproof(cassette="test_it.yaml")
async def test_missed(deltaproof):
    ask(deltaproof.base_url, temperature=1)
""")
    ran = project.spawn("-W", "ignore", plugins=[plugin])
    assert (ran.code, ran.counts) == (1, "1 failed, 1 passed")
    assert "test_it.yaml#0, temperature is absent, not 1\n" in ran.told


def test_unittest_s_tests_have_it_by_a_fixture(project: Project) -> None:
    """Those that fail by themselves, and those that do not."""
    project.cassette(answered(), name="test_agent/It.test_one.yaml")
    project.cassette(answered(), name="test_agent/It.test_two.yaml")
    project.tests("""
import unittest

class It(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def endpoint(self, deltaproof):
        self.endpoint = deltaproof

    def test_one(self):
        ask(self.endpoint.base_url)
        self.assertEqual(self.endpoint.stream.tool_calls[0].name, "f")

    def test_two(self):
        ask(self.endpoint.base_url, temperature=1)
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed, 1 passed")
    assert "It.test_two.yaml#0, temperature is absent, not 1\n" in ran.told


NAMES = ("test_it", "test_it[a/b-c:d]", "test_it[<>?%*:|\"'/\\]", "test_it[é ☃]")
OTHERS = """
import json, sys
from pytest_recording.plugin import get_default_cassette_name
names = json.loads(sys.argv[1])
print(json.dumps([[get_default_cassette_name(owner, name) for owner in (None, str)] for name in names]))
"""


def test_cassettes_are_named_as_pytest_recording_names_its_own() -> None:
    """Class, name and parameters, with what no file's name can have replaced; asked of it in a process of its own."""
    told = subprocess.check_output([sys.executable, "-c", OTHERS, json.dumps(NAMES)])
    theirs = [[f"{name}.yaml" for name in names] for names in json.loads(told)]
    assert [[cassette_name(owner, name) for owner in (None, str)] for name in NAMES] == theirs


def test_a_name_that_no_file_can_have_is_cut_and_stays_its_own() -> None:
    """It tells of what it was."""
    one, other = (cassette_name(None, f"test_it[{'é' * 200}{end}]") for end in "ab")
    assert one != other
    assert (len(one.encode()) < 255, one[:20]) == (True, other[:20])


VCR = """
import urllib.request

@pytest.fixture(scope="module")
def vcr_config():
    return {"ignore_hosts": ["127.0.0.1"]}

@pytest.mark.vcr
def test_plain():
    assert urllib.request.urlopen("http://example.test/").read() == b"recorded"

@pytest.mark.vcr
def test_it(deltaproof):
    assert urllib.request.urlopen("http://example.test/").read() == b"recorded"
    ask(deltaproof.base_url)
    assert deltaproof.stream.tool_calls[0].name == "f"
"""

RECORDED = """\
interactions:
- request:
    body: null
    headers: {}
    method: GET
    uri: http://example.test/
  response:
    body: {string: recorded}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""


def test_recordings_of_pytest_recording_are_not_in_its_way(project: Project) -> None:
    """A test may have both, each in a file of its own, once vcrpy lets requests to this machine pass."""
    for name in ("test_plain", "test_it"):
        project.write(f"vcr/test_agent/{name}.yaml", RECORDED)
    project.cassette(answered())
    project.tests(f"""{VCR}
@pytest.fixture(scope="module")
def vcr_cassette_dir(request):
    return "vcr/test_agent"
""")
    assert project.spawn(plugins=["pytest_recording.plugin"]).counts == "2 passed"


@pytest.mark.parametrize(
    ("allowed", "counts"), [((), "1 failed"), (("--allowed-hosts=127.0.0.1",), "1 passed")], ids=["none", "this"]
)
def test_under_block_network_this_machine_is_to_be_allowed(
    allowed: tuple[str, ...], counts: str, project: Project
) -> None:
    """The endpoint is on it; nothing else is asked."""
    project.cassette(answered())
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    ran = project.spawn("--block-network", *allowed, plugins=["pytest_recording.plugin"])
    assert ran.counts == counts
    assert ("RuntimeError: Network is disabled for host '127.0.0.1'\n" in ran.out) is not bool(allowed)


HEAVY: tuple[str, ...] = ("click", "vcr", "deepdiff", "jsonschema", "rich", "httpx2", "yaml", "orjson", "h11")
if sys.version_info < (3, 14):  # from there on pytest alone loads it, by way of pdb
    HEAVY += ("asyncio",)


def test_a_suite_that_does_not_use_it_loads_nothing(project: Project) -> None:
    """None of what deltaproof stands on, and of it the plugin's settings and its watch over snapshots alone."""
    project.tests(f"""
import sys

def test_it():
    assert [name for name in {HEAVY} if name in sys.modules] == []
    assert {{name.removeprefix("deltaproof.") for name in sys.modules if name.startswith("deltaproof.")}} <= {{
        "errors", "plugin", "plugin.settings", "plugin.snapshots", "plugin.snapshots.hooks", "plugin.snapshots.names", "project",
    }}
""")
    ran = project.spawn("-p", "no:faulthandler")
    assert ran.counts == "1 passed", ran.out
