"""Reads settings from the environment; what is wrong is said in a line each, by the variable's name."""

import sys
from collections.abc import Callable
from typing import Annotated, NoReturn, TypeVar

from pydantic import AfterValidator, ValidationError
from pydantic_settings import BaseSettings
from pymongo.errors import ConfigurationError

T = TypeVar("T")
S = TypeVar("S", bound=BaseSettings)

MONGODB_URL = r"^mongodb(\+srv)?://[^/]+"
AMQP_URL = r"^amqps?://[^/]+"
REDIS_URL = r"^(rediss?://[^/]+|unix://.+)"
CLICKHOUSE_URL = r"^(https?://[^/]+)?$"
DATABASE = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"

LOCALES = frozenset(
    {
        *("af", "am", "ar", "as", "az", "be", "bg", "bn", "bo", "bs", "bs_Cyrl", "ca", "chr", "cs", "cy", "da", "de"),
        *("de_AT", "dsb", "dz", "ee", "el", "en", "en_US", "eo", "es", "et", "fa", "fa_AF", "fi", "fil", "fo", "fr"),
        *("fr_CA", "ga", "gl", "gu", "ha", "haw", "he", "hi", "hr", "hsb", "hu", "hy", "id", "ig", "is", "it", "ja"),
        *("ka", "kk", "kl", "km", "kn", "ko", "kok", "ky", "lb", "lkt", "ln", "lo", "lt", "lv", "mk", "ml", "mn", "mr"),
        *("ms", "mt", "my", "nb", "ne", "nl", "nn", "om", "or", "pa", "pl", "ps", "pt", "ro", "ru", "se", "si", "sk"),
        *("sl", "smn", "sq", "sr", "sr_Latn", "sv", "sw", "ta", "te", "th", "to", "tr", "ug", "uk", "ur", "vi", "wae"),
        *("yi", "yo", "zh", "zh_Hant", "zu"),
    }
)
"""Those whose order MongoDB knows."""


def _is_locale(name: str) -> str:
    language, _, variant = name.partition("@collation=")
    if language not in LOCALES or not (name == language or variant.isalnum()):
        raise ValueError(f"{name!r} is no locale that MongoDB sorts by; one is en, sv or de@collation=phonebook")
    return name


Locale = Annotated[str, AfterValidator(_is_locale)]
"""Whose order lists have that are sorted by text."""


def read_settings(kind: type[S]) -> S:
    """The settings of this process; ends it with exit code 1 when they are not valid."""
    try:
        return kind()
    except ValidationError as error:
        _end(kind, error)


def put_together(bootstrap: Callable[[S], T], settings: S) -> T:
    """What `bootstrap` makes; ends the process with exit code 1 when nothing can be made of an address."""
    try:
        return bootstrap(settings)
    except (ValueError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def variable(kind: type[BaseSettings], field: str) -> str:
    """The environment variable that sets a field."""
    return f"{kind.model_config.get('env_prefix', '')}{field}".upper()


def _end(kind: type[BaseSettings], error: ValidationError) -> NoReturn:
    for problem in error.errors(include_url=False, include_input=False):
        why = problem["msg"].removeprefix("Value error, ")
        print(f"{variable(kind, str(problem['loc'][0]))}: {why}" if problem["loc"] else why, file=sys.stderr)
    sys.exit(1)
