"""From a page with its verdicts to what readers and agents see."""
