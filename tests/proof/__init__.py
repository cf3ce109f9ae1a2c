"""Recorded, served and recorded again: that nothing is lost on the way, whoever listens and whatever breaks."""
