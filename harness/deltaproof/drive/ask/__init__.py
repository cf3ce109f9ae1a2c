"""Our own client: one request and its response, the first contact, and recorded requests sent again."""
