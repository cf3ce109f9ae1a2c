"""The fixtures: an endpoint for a test, which replays or records, and what a test is held to there."""
