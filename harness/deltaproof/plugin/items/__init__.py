"""Items that are no test of a file: the conformance suite of an endpoint, and cassettes to judge."""
