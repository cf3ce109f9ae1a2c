"""Real servers, each set up, started, recorded and ended by a script of its own. Run by hand: none of it is in CI."""
