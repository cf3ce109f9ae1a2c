"""Facts about `deltaproof replay`: requests sent again to servers that are scripted, and recordings step by step."""
