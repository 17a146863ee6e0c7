"""Lists of people on their way in by the desk: uploaded, read as somebody says, tried, taken in."""
