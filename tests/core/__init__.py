"""Facts about the core: events, chunks, transcripts, the message, and judging while a stream arrives."""
