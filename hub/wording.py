"""What people and programs are told instead of the frameworks' sentences: each says what to do, and stands beside its field."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

#: Messages of form fields by the frameworks' code; they are filled in with the validators' own parameters.
_OF_EVERY_FIELD = {
    "max_length": _("Shorten it to %(limit_value)d characters; it has %(show_value)d."),
    "min_length": _("Use %(limit_value)d characters or more; it has %(show_value)d."),
    "min_value": _("Use %(limit_value)s or more."),
    "max_value": _("Use %(limit_value)s or less."),
    "invalid_choice": _("“%(value)s” is not offered. Choose one that is."),
    "invalid_list": _("Choose some of those that are offered."),
    "null_characters_not_allowed": _("Take the null characters out."),
}
_OF_FILES = {
    "invalid": _("Choose the file again; it did not arrive."),
    "missing": _("Choose the file again; it did not arrive."),
    "empty": _("This file is empty. Choose another."),
}
#: Reasons against a new password, by Django's code.
PASSWORDS = {
    "password_too_short": _("Use %(min_length)d characters or more."),
    "password_too_similar": _("Use something that is less like your %(verbose_name)s."),
    "password_too_common": _("Choose another: this one is among the first that are guessed."),
}
#: What allauth says, by its key.
ACCOUNTS = {
    "email_password_mismatch": _("Email and password do not belong together. Check both."),
    "username_password_mismatch": _("User name and password do not belong together. Check both."),
    "incorrect_password": _("This is not your password. Give it again."),
    "enter_current_password": _("This is not your current password. Give it again."),
    "username_taken": _("This user name is taken; choose another."),
    "username_blacklisted": _("This user name is reserved; choose another."),
    "email_taken": _("Another account has this address. Give another, or sign in with it."),
    "duplicate_email": _("This address is among yours already. Give another."),
    "cannot_remove_primary_email": _("This is your primary address. Make another one primary first."),
    "account_inactive": _("This account is closed. Whoever runs this hub can open it again."),
    "too_many_login_attempts": _("Too many attempts failed. Wait some minutes, then try again."),
}
#: The API's framework gives no parameters, so its sentences are matched whole; the field's name goes before each. The API
#: speaks English whatever a client's headers say (:mod:`hub.languages`).
_OF_THE_API = [
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        (r"A valid integer is required\.", "Give a whole number."),
        (r"A valid number is required\.", "Give a number."),
        (r"Must be a valid boolean\.", "Give true or false."),
        (r"Not a valid string\.", "Give text."),
        (r"String value too large\.", "Give a smaller number."),
        (r"Ensure this value is greater than or equal to (\S+)\.", r"Use \1 or more."),
        (r"Ensure this value is less than or equal to (\S+)\.", r"Use \1 or less."),
        (r"Ensure this field has no more than (\d+) characters\.", r"Shorten it to \1 characters."),
        (r"Ensure this field has no more than (\d+) elements\.", r"Give \1 at most."),
        (r"Expected a list of items but got type .*", "Give a list; in a form, repeat the field."),
        (r"Invalid data\. Expected a dictionary, but got .*", "Send an object with named fields."),
        (r"The submitted data was not a file\..*", "Send a file, as multipart/form-data."),
        (r"No filename could be determined\.", "Send the file with its name."),
        (r"The submitted file is empty\.", "This file is empty. Send another."),
        (r"Null characters are not allowed\.", "Take the null characters out."),
        (r"Surrogate characters are not allowed.*", "Send valid UTF-8."),
    )
]


def of_field(name: str, field: forms.Field) -> dict[str, Any]:
    """The messages of a form's field, by code."""
    what = str(field.label or name.replace("_", " "))
    if (get_language() or "en").startswith("en"):
        what = what.lower()
    chosen = isinstance(field, forms.FileField | forms.ChoiceField)
    sentence = gettext("Choose the %(what)s.") if chosen else gettext("Give the %(what)s.")
    messages: dict[str, Any] = {"required": sentence % {"what": what}}
    match field:
        case forms.FileField():
            return messages | _OF_FILES
        case forms.IntegerField():
            messages["invalid"] = _("Give a whole number.")
        case forms.EmailField():
            messages["invalid"] = _("Give a whole address, such as name@example.org.")
    return messages | _OF_EVERY_FIELD


def of_api(detail: Any, name: str) -> str:
    """What the API says about field ``name`` where its framework says ``detail``; our own sentences stay."""
    if getattr(detail, "code", "") in ("required", "null", "blank", "empty"):
        return f"Give {name}; it is missing or empty."
    for pattern, sentence in _OF_THE_API:
        if found := pattern.fullmatch(str(detail)):
            return found.expand(sentence)
    return str(detail)
