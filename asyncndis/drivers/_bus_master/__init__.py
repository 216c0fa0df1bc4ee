"""The parts of the bus-master miniport, one for each side of its two rings."""
