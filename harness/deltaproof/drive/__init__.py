"""Sockets and clocks: what talks to servers and clients, or is one. Judges nothing, prints nothing."""
