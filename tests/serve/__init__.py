"""The replay server on real loopback sockets, and what chooses and schedules what it plays."""
