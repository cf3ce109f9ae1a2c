"""Accumulators: where they are, their processes, and the matrix of streams and clients."""
