"""Gateways of others, started on loopback, and what comes out of recordings that are sent through them."""
