"""Staff: who may log in, and in which study they hold which role."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from surveys.access.roles import Role
from surveys.design.models import Study
from surveys.lib.ids import staff_code


class UserManager(BaseUserManager["User"]):
    """Users are made by e-mail address; there is no user name."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A staff member who can log in."""
        user = self.model(email=email.lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A platform administrator."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A staff member. Participants are not users."""

    email = models.EmailField(max_length=254, unique=True)
    code = models.CharField(max_length=12, unique=True, default=staff_code, editable=False)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("administrator", default=False)
    joined_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """One person's role in one study."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    study = models.ForeignKey(Study, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(r, r.label) for r in Role])
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "study"], name="one_role_per_study"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.study_id}"
