"""Make truth and the instruments that measure it: the simulated side of the wire."""
