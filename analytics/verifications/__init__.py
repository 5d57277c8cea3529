"""Published numbers beside what analytics computes, one subject a file."""
