"""Rules of quality, one file each; the file's name is the flag."""
