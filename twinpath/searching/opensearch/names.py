"""The names of indexes: `twinpath-products-3f…`, of a later generation `twinpath-products.2-3f…`, and of aliases."""

from twinpath.searching.entries import Readings


class Names:
    """Of the indexes of views; all begin with `prefix`. A generation is called `products@2`."""

    def __init__(self, prefix: str, readings: Readings) -> None:
        self._prefix = prefix
        self._readings = readings

    def index(self, view: str) -> str:
        """That of a generation as it is declared now."""
        return f"{self._generation(view)}-{self._readings[view].fingerprint}"

    def writing(self, view: str) -> str:
        """The alias through which it is written."""
        return f"{self.index(view)}-kept"

    def alias(self, view: str) -> str:
        """The alias of the generation in service."""
        return self._generation(view.partition("@")[0])

    def all_of(self, view: str) -> str:
        """A pattern of the indexes of all generations and forms, and perhaps of others: see `number`."""
        return f"{self.alias(view)}-*,{self.alias(view)}.*"

    def belongs(self, index: str, view: str) -> bool:
        """Whether an index is one of this generation, however it was declared."""
        return _stem(index) == self._generation(view)

    def number(self, index: str, view: str) -> int:
        """The number of an index's generation; 0 where it is another view's, whose name begins alike."""
        alias, dot, number = _stem(index).rpartition(".")
        if dot and alias == self.alias(view) and number.isdecimal():
            return int(number)
        return int(_stem(index) == self.alias(view))

    def _generation(self, view: str) -> str:
        return f"{self._prefix}-{view.replace('@', '.')}".lower()


def _stem(index: str) -> str:
    """The name of an index without its fingerprint, in which there is no dash."""
    return index.rpartition("-")[0]
