"""``manage.py delete_account NAME``: what a person can do on their own pages, for those who cannot."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.accounts.models import User
from hub.own_data.deletion import delete_account


class Command(BaseCommand):
    """Delete an account with everything that is in it. The user name stays reserved."""

    help = "Delete an account with everything that is in it; its user name stays reserved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, username: str, yes: bool, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account called {username}.")
        if not yes and input(f"Type {username} to delete the account with everything in it: ") != username:
            raise CommandError("Nothing is deleted.")
        delete_account(user=user)
        self.stdout.write(f"{username} is deleted. Nobody can have the name again.")
