"""The office's own screens, one module per screen."""
