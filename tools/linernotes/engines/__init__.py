"""The engines that build a site: MkDocs with our plugin, and Zensical from a prepared copy."""
