"""What the language offers: functions, initialisers, optimizers, words that are built in."""
