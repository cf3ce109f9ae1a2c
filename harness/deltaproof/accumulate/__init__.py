"""What client code makes of a stream, as data: what it is given, what it says, what came of it. Runs nothing."""
