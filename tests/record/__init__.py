"""Facts about the recording proxy: what passes, what is kept, and how it ends."""
