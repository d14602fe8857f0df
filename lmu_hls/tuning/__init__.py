"""Types for every tensor of a network: found by analysis first, then by search with golden as judge."""
