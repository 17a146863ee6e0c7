"""System checks: each finds one misconfiguration, has an id, and hints at the mend. `newsletter check` runs them."""
