"""From patterns and rules to outfits: candidates for every pattern item, and one outfit per product and pattern."""
