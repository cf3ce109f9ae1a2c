"""The public names of deltaproof; nothing inside the package imports them from here."""

__version__ = "0.1.0"
