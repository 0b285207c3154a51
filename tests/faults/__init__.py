"""Jobs under faults: real workers on a database server of their own, killed, stopped, cut off and starved.

``python -m tests.faults`` runs the short form, which ``make test`` includes; ``--long`` the long one (``make faults``).
"""
