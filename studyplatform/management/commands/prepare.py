"""`manage.py prepare`: tables, static files and a first login, each only when missing."""

from __future__ import annotations

import hashlib
import json
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from surveys.access.models import User
from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.lib import clock

FIRST_ADDRESS = "admin@localhost"
STAMP = "static.stamp"


class Command(BaseCommand):
    """Brings a database and VAR_DIR to this version; safe to run at every start."""

    help = "Apply migrations, collect static files, and with --first-login make an administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One switch."""
        parser.add_argument("--first-login", action="store_true", help="if there is no user at all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare; the last line is JSON with the first login, or empty."""
        call_command("migrate", verbosity=0)
        if collect_static():
            self.stderr.write("static files collected")
        login = first_login() if options["first_login"] else {}
        self.stdout.write(json.dumps(login))


def collect_static() -> bool:
    """Collect unless the sources are those of the last time; returns whether it did."""
    sources = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            sources.update(f"{path} {storage.size(path)}\n".encode())
            with storage.open(path) as file:
                sources.update(file.read())
    stamp = settings.VAR_DIR / STAMP
    if stamp.exists() and stamp.read_text() == sources.hexdigest():
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(sources.hexdigest())
    return True


@transaction.atomic
def first_login() -> dict[str, str]:
    """An administrator with a random password, if nobody can log in yet."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE surveys_user IN SHARE ROW EXCLUSIVE MODE")
    if User.objects.exists():
        return {}
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(FIRST_ADDRESS, password, name="Administrator")
    log.record("user.created", by=Actor.system("up"), at=clock.now(), subject="first login")
    return {"email": FIRST_ADDRESS, "password": password}
