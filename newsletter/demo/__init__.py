"""The demonstration: sample feeds, submissions and subscribers, and the run that takes them from source to inbox.

Everything in it is invented. It has an instance of its own in `var/demo` and never touches the real one.
"""
