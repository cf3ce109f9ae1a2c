"""Verdicts to text: for a terminal, and as JSON. Judges nothing."""
