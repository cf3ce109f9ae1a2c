"""Facts about reading recordings."""
