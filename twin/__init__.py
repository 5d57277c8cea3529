"""What is known of the ground: the plan, the fill, settlement, water and movement."""
