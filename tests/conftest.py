"""Settings of all tests: generated examples are the same in every run, and none is timed."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")
