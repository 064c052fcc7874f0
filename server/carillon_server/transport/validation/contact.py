"""Rules for addresses of people: e-mail, telephone, device, language and zone."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email

from carillon_server.domain.channel import Platform
from carillon_server.domain.push_address import AddressInvalidError, canonical_address, tell_platform
from carillon_server.transport.validation.rule import FINE, Violations, wrong

_MAX_EMAIL_CHARACTERS = 254
_MAX_LOCALE_CHARACTERS = 35
_MAX_PHONE_CHARACTERS = 16
# Files of the zone database that are no zones.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})

_NO_EMAIL = wrong("is not an e-mail address of at most 254 characters")
_NO_PHONE = wrong("is not a telephone number in E.164, such as +41446681800")
_NO_LOCALE = wrong("is not a known language in BCP 47, such as de-CH")
_NO_COUNTRY = wrong("is not a country in ISO 3166-1 alpha-2, such as CH")
_NO_ZONE = wrong("is not a known IANA time zone, such as Europe/Zurich")


def email(value: str) -> Violations:
    """An address that a mail server would take, as far as can be told without asking one."""
    return FINE if len(value) <= _MAX_EMAIL_CHARACTERS and normalize_email(value) else _NO_EMAIL


@lru_cache(maxsize=10_000)
def normalize_email(value: str) -> str:
    """The one spelling of an address: domain in lower case, Unicode composed. Empty where it is none."""
    try:
        # `.test` names are reserved for trying things out, so they are no mistake.
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return ""


def phone(value: str) -> Violations:
    """E.164, of a possible length for its country; whether it is assigned changes too often to say."""
    if (
        len(value) > _MAX_PHONE_CHARACTERS
        or not value.startswith("+")
        or not (value.isascii() and value[1:].isdecimal())
    ):
        return _NO_PHONE
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return _NO_PHONE
    spelling = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return FINE if spelling == value and phonenumbers.is_possible_number(number) else _NO_PHONE


def push_token(value: str, platform: Platform) -> Violations:
    """A token of that platform; of the one that it looks like, where none is named."""
    try:
        canonical_address(platform or tell_platform(value), value)
    except AddressInvalidError as error:
        return wrong(str(error))
    return FINE


def country(value: str) -> Violations:
    """One that has telephone numbers."""
    return FINE if value in phonenumbers.SUPPORTED_REGIONS else _NO_COUNTRY


def locale(value: str) -> Violations:
    """A language that text can be formatted for."""
    return FINE if len(value) <= _MAX_LOCALE_CHARACTERS and _is_locale(value) else _NO_LOCALE


@lru_cache(maxsize=2_000)
def _is_locale(value: str) -> bool:
    try:
        Locale.parse(value, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True


def time_zone(value: str) -> Violations:
    """A zone of the IANA database."""
    return FINE if value in _zones() else _NO_ZONE


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_ZONES
