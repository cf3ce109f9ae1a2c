"""Recordings played to clients."""
