"""Processes of the true ground, one file each."""
