"""Recording: cassettes made from the live API or from the stand-in."""
