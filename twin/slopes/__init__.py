"""Stability of slopes: sections, slices, methods, the critical circle, and how sure it is."""
