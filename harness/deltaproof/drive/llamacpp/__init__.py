"""A real server, llama.cpp's own, with a tiny model that is made on the spot."""
