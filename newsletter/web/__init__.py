"""Everything a browser can reach."""
