"""Tests of what client code makes of streams."""
