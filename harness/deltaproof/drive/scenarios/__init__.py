"""The suite against a target."""
