"""The Django project: settings, supervision, accounts, health."""
