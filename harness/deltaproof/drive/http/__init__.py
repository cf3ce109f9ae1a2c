"""What both ends of HTTP need: addresses, connections that clients open, requests and responses, what can go wrong."""
