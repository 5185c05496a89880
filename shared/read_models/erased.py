"""What views show in place of what was personal, once a customer is erased."""

from typing import Final

ERASED: Final = "erased"
ERASED_CUSTOMER: Final = "erased customer"
