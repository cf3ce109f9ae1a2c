"""Facts about `deltaproof run`, against servers that are scripted, and against a real one."""
