"""Recordings sent through gateways: miniature ones, each of which misbehaves in one way, and our own proxy."""
