"""The facts that deltaproof promises, one test each; what is shipped is in `harness/` and `specs/`."""
