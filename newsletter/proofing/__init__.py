"""The proofreading of an issue: what is on the desk becomes a manuscript, and a person's decisions are remembered."""
