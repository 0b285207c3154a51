"""Telling other sites what happened: signed, tried again for a day, with a log for the owner."""
