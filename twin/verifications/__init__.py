"""Published numbers beside what the twin computes, one subject a file."""
