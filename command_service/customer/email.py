"""An e-mail address: what callers may write, and which spellings of one are the same."""

from collections.abc import Sequence
from typing import Annotated
from unicodedata import normalize

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, StringConstraints

from twinpath.domain import all_seen, case_folded

_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")


def _is_email(address: str) -> str:
    try:
        validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return all_seen(address)


Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_is_email)]
"""An address by its syntax, kept as it was written; whether it can be reached only a mail tells."""


def spellings(address: str) -> Sequence[str]:
    """The texts that stand for an address: of two that share one of them, one customer alone can have either.

    The first is the one that was claimed before domains were brought to one form. A domain may be written in letters of
    any script, or in the ASCII form of these (RFC 3492); both are claimed, so that an address that was claimed in
    either form meets the other. No list is asked, since what was accepted before must be claimed for ever.
    """
    name, _, domain = address.rpartition("@")
    labels = [_in_letters(label) for label in normalize("NFKC", domain.translate(_FULL_STOPS)).split(".")]
    forms = (labels, [_in_ascii(label) for label in labels])
    written = (f"{case_folded(name)}@{'.'.join(form)}" for form in forms)
    return list(dict.fromkeys((case_folded(address), *written)))


def _in_letters(label: str) -> str:
    label = case_folded(label)
    try:
        return case_folded(label[4:].encode("ascii").decode("punycode")) if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _in_ascii(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
