"""What is known of the ground: the plan, the fill, settlement, water and movement."""

#: Version of the twin's methods; it changes when a number would.
VERSION = "1.0"
