"""What views show in place of a text that was personal, once its owner is erased; other values are null then."""

from typing import Final

ERASED: Final = "erased"
ERASED_CUSTOMER: Final = "erased customer"
