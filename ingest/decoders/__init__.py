"""Payload dialects, one file each."""
