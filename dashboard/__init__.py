"""Shows what the house knows: REST routes, pages and the command line."""
