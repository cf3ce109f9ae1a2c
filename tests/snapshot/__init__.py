"""Facts about shapes, what is said of two of them, and the files that they are kept in."""
