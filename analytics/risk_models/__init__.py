"""Risk models, one file each."""
