"""Files to exchanges: the names by which the rest of deltaproof reads recordings. How is in the files beside."""

from deltaproof.cassette.paths import read_bytes, read_path
from deltaproof.cassette.recording import Sighting

__all__ = ["Sighting", "read_bytes", "read_path"]
