"""Faults of instruments and links, one file each."""
