"""What can be set for a whole run of pytest, and where: by an option, the environment, an ini option, or a table.

--deltaproof-fail-on warning            the command line, which comes before
DELTAPROOF_PYTEST_FAIL_ON=warning       the environment, which comes before
deltaproof_fail_on = warning            pytest's ini options, which come before
fail-on = "warning"                     [tool.deltaproof] of the pyproject.toml in pytest's rootdir

What a mark says of one test comes before all of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from deltaproof.errors import DeltaproofError
from deltaproof.project import FILE, TABLE, project_table, text_in

GROUP = "deltaproof"
RECORD_MODES = ("none", "once", "new_episodes", "all", "rewrite")
LEVELS = ("error", "warning", "note", "never")

_ANY_UPSTREAM = "https://localhost/v1"  # where each mark names its own: the key is looked at alone

_OFF, _ON = ("", "0", "false", "no", "off"), ("1", "true", "yes", "on")


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set.

    Attributes:
        name: with hyphens, as in the table; the option's and the others' follow from it.
        about: what it does, in the words of `pytest --help`.
        default: what holds where nothing is set.
        metavar: what stands for its value in the help; empty for one that is on or off.
        words: the only values that it takes; empty where any will do.
        lasting: whether it can be set once for a project, and not for one run alone.
    """

    name: str
    about: str
    default: str = ""
    metavar: str = ""
    words: tuple[str, ...] = ()
    lasting: bool = True

    @property
    def option(self) -> str:
        """The command line's name."""
        return f"--deltaproof-{self.name}"

    @property
    def variable(self) -> str:
        """The environment's name."""
        return f"DELTAPROOF_PYTEST_{self.name.replace('-', '_').upper()}"

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return not (self.metavar or self.words)

    @property
    def ini(self) -> str:
        """The name among pytest's ini options; the option's destination as well."""
        return f"deltaproof_{self.name.replace('-', '_')}"


RECORD = Setting(
    "record",
    "When to record, as vcrpy has the words; none asks no upstream, ever.",
    "none",
    words=RECORD_MODES,
)
UPSTREAM = Setting("upstream", "The endpoint to record, which usually ends in /v1.", metavar="URL")
PROFILE = Setting("profile", "What counts, and how much: a profile's name.", "de-facto", "NAME")
PROVIDER = Setting("provider", "Whose known deviations to waive.", metavar="NAME")
FAIL_ON = Setting("fail-on", "The level from which findings fail a test.", "error", words=LEVELS)
STRICT = Setting("strict", "Recorded exchanges that a test does not use fail it.")
UPDATE = Setting("update", "Write snapshots and baselines, in place of holding them.", lasting=False)
CASSETTES = Setting("cassettes", "The folder of cassettes beside a test's file.", "cassettes", "NAME")
URL = Setting("url", "Collect the conformance suite, and run it against this endpoint.", metavar="URL", lasting=False)
MODEL = Setting("model", "The model to ask for in the conformance suite.", metavar="NAME", lasting=False)
TIMEOUT = Setting(
    "timeout", "How long the endpoint may be silent in the conformance suite.", "60", "SECONDS", lasting=False
)
API_KEY_ENV = Setting(
    "api-key-env",
    "The variable that holds the endpoint's key, to record or to run the conformance suite.",
    metavar="NAME",
)
BASELINE = Setting("baseline", "What is known to deviate in the conformance suite: these are xfail.", metavar="FILE")
CHECK_CASSETTES = Setting("check-cassettes", "Judge each cassette in a folder, vcrpy's as well.", metavar="DIR")

SETTINGS = (
    RECORD,
    UPSTREAM,
    PROFILE,
    PROVIDER,
    FAIL_ON,
    STRICT,
    UPDATE,
    CASSETTES,
    URL,
    MODEL,
    TIMEOUT,
    API_KEY_ENV,
    BASELINE,
    CHECK_CASSETTES,
)


def add_options(parser: pytest.Parser) -> None:
    """Add an option for each setting, and an ini option for each lasting one."""
    group = parser.getgroup(GROUP, "streamed tool calls (deltaproof)")
    for setting in SETTINGS:
        about = f"{setting.about} {setting.default} without it." if setting.default else setting.about
        if setting.words:
            group.addoption(setting.option, dest=setting.ini, choices=setting.words, help=about)
        elif setting.metavar:
            group.addoption(setting.option, dest=setting.ini, metavar=setting.metavar, help=about)
        else:
            group.addoption(setting.option, dest=setting.ini, action="store_true", default=None, help=about)
        if setting.lasting:
            parser.addini(setting.ini, f"see {setting.option}")


def in_our_words(error: DeltaproofError) -> str:
    """Return an error in one line, with the options that verbs have as they are called here."""
    return re.sub(rf"--(?=({API_KEY_ENV.name}|{TIMEOUT.name})\b)", f"--{GROUP}-", str(error))


def text_of(config: pytest.Config, setting: Setting) -> str:
    """Return what is set, the default where nothing is.

    Raises:
        pytest.UsageError: a value that is none of its words, with where it stands.
    """
    given: object = config.getoption(setting.ini)
    if given is not None:
        return str(given)
    value, where = _lasting(config, setting)
    if value and setting.words and value not in setting.words:
        raise pytest.UsageError(f"{where}: {value!r} is none of {', '.join(setting.words)}")
    return value or setting.default


def is_named(config: pytest.Config, setting: Setting) -> bool:
    """Tell whether something is set on the command line."""
    return config.getoption(setting.ini) is not None


def place_of(config: pytest.Config, setting: Setting) -> str:
    """Return where something is set, as a person calls it."""
    return setting.option if is_named(config, setting) else _lasting(config, setting)[1]


def is_on(config: pytest.Config, setting: Setting) -> bool:
    """Tell whether something is switched on.

    Raises:
        pytest.UsageError: what is set is neither yes nor no, with where it stands.
    """
    if config.getoption(setting.ini):
        return True
    value, where = _lasting(config, setting)
    if value.lower() not in (*_OFF, *_ON):
        raise pytest.UsageError(f"{where}: {value!r} is neither true nor false")
    return value.lower() in _ON


def raise_if_wrong(config: pytest.Config) -> None:
    """Raise for the first setting that is wrong, before anything is collected; what is not set takes no time.

    Raises:
        pytest.UsageError: with where it stands.
    """
    for setting in SETTINGS:
        (is_on if setting.is_switch else text_of)(config, setting)
    if config.getoption(MODEL.ini) is not None and not text_of(config, URL):
        raise pytest.UsageError(f"{MODEL.option} is for the conformance suite. Add {URL.option} URL")
    for setting in (PROFILE, PROVIDER, UPSTREAM, TIMEOUT, API_KEY_ENV):
        value = text_of(config, setting)
        if value != setting.default:
            try:
                _raise_if_strange(config, setting, value)
            except DeltaproofError as error:
                is_plain = setting is not TIMEOUT and is_named(config, setting)
                elsewhere = "" if is_plain else f"{place_of(config, setting)}: "
                raise pytest.UsageError(f"{elsewhere}{in_our_words(error)}") from error


def _raise_if_strange(config: pytest.Config, setting: Setting, value: str) -> None:
    """Raise for a profile or provider that there is not, an upstream that is no URL, no time, or no key to record."""
    match setting.name:
        case TIMEOUT.name:
            seconds_in(value)
        case UPSTREAM.name:
            raise_unless_url(value)
        case API_KEY_ENV.name:
            if _needs_key(config):
                from deltaproof.drive.http.target import read_target

                read_target(text_of(config, UPSTREAM) or _ANY_UPSTREAM, "", value, os.environ)
        case _:
            from deltaproof.catalog import load

            (load().profile if setting is PROFILE else load().provider)(value)


def raise_unless_url(upstream: str) -> None:
    """Raise for an upstream that is no URL, or has a key in it.

    Raises:
        DeltaproofError: with what to write.
    """
    from deltaproof.drive.http.target import read_base

    read_base(upstream, f"Name the variable that holds the key: {API_KEY_ENV.option} NAME")


def _needs_key(config: pytest.Config) -> bool:
    """Tell whether this run is to record: a project that records once may have all its cassettes, and then no key."""
    mode = text_of(config, RECORD)
    is_for_this_run = is_named(config, RECORD) or is_named(config, API_KEY_ENV)
    return mode in ("all", "rewrite") or (mode != RECORD.default and is_for_this_run)


def seconds_in(text: str) -> float:
    """Return a time that is set.

    Raises:
        DeltaproofError: it is no number of seconds.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise DeltaproofError(f"{text!r} is no number of seconds")
    return seconds


def _lasting(config: pytest.Config, setting: Setting) -> tuple[str, str]:
    """Return what is set elsewhere than on the command line, and where; nothing where nothing is."""
    if value := os.environ.get(setting.variable, ""):
        return value, f"the variable {setting.variable}"
    if not setting.lasting:
        return "", ""
    if value := str(config.getini(setting.ini) or ""):
        return value, f"the ini option {setting.ini}"
    where = f"{config.rootpath / FILE}: {TABLE} {setting.name}"
    try:
        table = _table(config)
        told = table.get(setting.name, "")
        if setting.is_switch and not isinstance(told, str | bool):
            raise pytest.UsageError(f"{where}: {told!r} is neither true nor false")
        return text_in(table, setting.name, config.rootpath), where
    except DeltaproofError as error:
        raise pytest.UsageError(str(error)) from error


_TABLE = pytest.StashKey[Mapping[str, object]]()


def _table(config: pytest.Config) -> Mapping[str, object]:
    """Return the project's table, read once."""
    if _TABLE not in config.stash:
        config.stash[_TABLE] = project_table(config.rootpath)
    return config.stash[_TABLE]
