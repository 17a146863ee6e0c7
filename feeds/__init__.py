"""Where news comes from: feeds that are polled, and what members submit."""
