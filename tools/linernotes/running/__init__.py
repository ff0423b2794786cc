"""Running: each chain in a process of its own, in the replay world."""
