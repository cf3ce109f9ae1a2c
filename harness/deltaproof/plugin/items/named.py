"""What was named on the command line that pytest does not know: taken out before it looks for it. Collects nothing."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest

from deltaproof.plugin.settings import CHECK_CASSETTES, URL, Setting, text_of

SUITE = "deltaproof"
"""What ids of the conformance suite begin with, in place of a file's path."""

_PYTHON = ".py"


def names_something(config: pytest.Config) -> bool:
    """Tell whether anything is named on the command line, so that not all tests are meant."""
    return config.args_source is pytest.Config.ArgsSource.ARGS


def path_of(config: pytest.Config, setting: Setting) -> Path | None:
    """Return the path that is set: an option's from the folder pytest was started in, else from its rootdir."""
    told = text_of(config, setting)
    if not told:
        return None
    on_the_spot = config.getoption(setting.ini) is not None
    return _absolute((config.invocation_params.dir if on_the_spot else config.rootpath) / told)


def take_ids(config: pytest.Config) -> tuple[tuple[str, ...], ...]:
    """Take the suite's ids out of what is named, and return their parts: nothing, a scenario, or that and a group.

    Where nothing is named, the suite is all that is meant.
    """
    if not names_something(config):
        config.args = []
        return ((),)
    ours = {arg: parts for arg in config.args if (parts := _parts(arg, config.invocation_params.dir)) is not None}
    config.args = [arg for arg in config.args if arg not in ours]
    return tuple(ours.values()) or ((),)


def _parts(arg: str, folder: Path) -> tuple[str, ...] | None:
    """Return the parts of an id of the suite; None for what is none."""
    path, *parts = arg.split("::")
    if PurePath(path).name != SUITE or (folder / path).is_file() or (not parts and (folder / path).exists()):
        return None
    return tuple(part for part in parts if part)


def take_cassettes(config: pytest.Config, folder: Path) -> tuple[Path, ...]:
    """Take the files in a folder of cassettes out of what is named, and return the paths whose cassettes are meant.

    These are the named ones in the folder. Where none is, it is the folder: if it was named as an option, if it lies in
    something that is named, and if nothing is. A folder in a project that pytest was started in counts as named.
    """
    paths = {arg: _absolute(config.invocation_params.dir / arg.split("::")[0]) for arg in config.args}
    somewhere = config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR
    named = names_something(config) or (somewhere and config.invocation_params.dir != config.rootpath)
    if named:
        inside = {arg: path for arg, path in paths.items() if path.is_relative_to(folder) and path.exists()}
        files = {arg for arg, path in inside.items() if path.is_file() and path.suffix != _PYTHON}
        config.args = [arg for arg in config.args if arg not in files]
        if inside:
            return tuple(dict.fromkeys(inside.values()))
    whole = any(folder.is_relative_to(path) for path in paths.values()) if named else not text_of(config, URL)
    return (folder,) if whole or config.getoption(CHECK_CASSETTES.ini) is not None else ()


def _absolute(path: Path) -> Path:
    """Return a path without `..`, links in it left as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve follows links, Path.absolute keeps `..`
