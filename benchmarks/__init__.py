"""What asyncndis costs, as ratios to a floor and to its peers: ``python -m benchmarks``."""
