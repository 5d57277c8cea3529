"""REST routes, one resource each."""
