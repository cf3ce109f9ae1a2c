"""The operator's mistakes: what failed, where, and what to do next. Never what a server or client does wrong."""

from __future__ import annotations


class DeltaproofError(Exception):
    """A mistake or an obstacle on the operator's side, told in three fields.

    Attributes:
        what: what failed, a sentence without a final full stop.
        where: the file, line, address or option it concerns; empty where none applies.
        hint: what to do next; empty where nothing can be advised.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Join the three fields into one line."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}. {self.hint}" if self.hint else line


class UnreadableError(DeltaproofError):
    """A file that should hold a recording cannot be read as one."""


class UnknownNameError(DeltaproofError):
    """A rule, profile, provider or scenario that the catalog does not have."""


class CatalogError(DeltaproofError):
    """A page, profile or scenario under `specs/` is malformed: a mistake in the catalog itself."""


class UnreachableError(DeltaproofError):
    """The target cannot be talked to: no server, wrong URL, refused key, TLS failure."""


class RefusedError(DeltaproofError):
    """The harness declines to do what was asked, such as sending a key in the clear."""
