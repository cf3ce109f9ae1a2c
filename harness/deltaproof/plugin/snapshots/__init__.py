"""Snapshots: what a test compares its streams with, what is kept of it, and what is not used any more."""
