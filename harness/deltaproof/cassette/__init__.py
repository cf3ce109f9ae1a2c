"""Files to exchanges and back: the names by which the rest of deltaproof reads and writes recordings.

How is in the files beside.
"""

from deltaproof.cassette.append import append_cassette
from deltaproof.cassette.coding import readable
from deltaproof.cassette.paths import read_bytes, read_kept, read_path
from deltaproof.cassette.recording import Sighting
from deltaproof.cassette.write import write_cassette

__all__ = ["Sighting", "append_cassette", "read_bytes", "read_kept", "read_path", "readable", "write_cassette"]
