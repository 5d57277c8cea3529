"""Published methods, one file each, named after what they are."""
