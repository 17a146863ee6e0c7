"""Whom we may write to: addresses, consent, preferences, suppression."""
