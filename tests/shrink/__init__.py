"""Tests of how recordings are made smaller."""
