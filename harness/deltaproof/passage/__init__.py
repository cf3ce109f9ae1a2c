"""Recordings sent through a gateway, as data: what went in, what came out, what is to be said of it. Runs nothing."""
