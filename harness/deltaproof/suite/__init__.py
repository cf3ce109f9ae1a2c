"""The conformance suite without its sockets: what to send, what a response must have, what it took. Sends nothing."""
