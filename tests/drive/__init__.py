"""Facts about HTTP/1.1 as the harness reads and writes it."""
