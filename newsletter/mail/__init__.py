"""The mail itself: content -> rendered mail -> compiled message -> envelope and bytes -> reply -> outcome.

Pure: no Django, no database, no clock of its own, no network except in smtp.py.
"""
