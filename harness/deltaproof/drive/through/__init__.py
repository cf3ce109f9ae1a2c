"""Recordings sent through a gateway: its upstream, its client, and what passed between them."""
