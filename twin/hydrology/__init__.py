"""Water of the ground: weather, response of levels, balance of the crater, rebound."""
