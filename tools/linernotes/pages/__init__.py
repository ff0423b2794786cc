"""Pages and the fences in them."""
