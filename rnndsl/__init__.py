"""rnndsl: a language for recurrent networks."""
