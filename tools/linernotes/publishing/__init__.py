"""From sources and a built site to what agents and crawlers fetch: twins, indexes, head links."""
