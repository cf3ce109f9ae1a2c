"""Recordings compared by shape, not by wording. Reads no recording, opens no socket, prints nothing.

From an exchange to its shape, from two shapes to sentences, and shapes kept in a file.
"""

from deltaproof.snapshot.shape import CallShape, ChoiceShape, Shape, shape_of
from deltaproof.snapshot.words import Change, ChangeKind, changes

__all__ = ["CallShape", "Change", "ChangeKind", "ChoiceShape", "Shape", "changes", "shape_of"]
