"""The proofreading gate (校正ゲート): a manuscript and what is known of the world -> findings.

Pure: no Django, no database, no network, no clock. One module per family of rules.
"""
