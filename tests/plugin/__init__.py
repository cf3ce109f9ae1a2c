"""Tests of the pytest plugin: suites are written, and run by a pytest of their own."""
