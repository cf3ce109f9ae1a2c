"""Programs for those who work on deltaproof; none of them travels in the wheel."""
