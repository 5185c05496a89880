"""What depends on the language of the texts: the stems of words, and the words that say little."""

from functools import lru_cache

from snowballstemmer import algorithms, stemmer

LANGUAGES = frozenset(algorithms())
"""Those whose words have stems here (snowballstem.org)."""

_LITTLE = {
    "english": "a an and are as at by for from in is it of on or the to with",
    "german": "am an auf aus bei das dem den der des die ein eine einem einen einer fur im in ist mit oder und von zu",
    "french": "a au aux avec de des du en et la le les ou par pour sur un une",
    "spanish": "a al con de del el en la las los o para por un una y",
    "italian": "a al con da dei del della di e gli i il in la le lo o per un una",
    "dutch": "aan de een en het in is met of op te van voor",
}
"""Language -> words that need not be in what is found, folded as all words are."""


class Language:
    """A language of LANGUAGES. Raises ValueError for another one."""

    def __init__(self, name: str) -> None:
        if name not in LANGUAGES:
            raise ValueError(f"{name!r} is no language whose words have stems here; there are {sorted(LANGUAGES)}")
        self.name = name
        self._little = frozenset(_LITTLE.get(name, "").split())
        self._stems = stemmer(name)
        self.stem = lru_cache(maxsize=50_000)(self._stem)

    def says_little(self, word: str) -> bool:
        """Whether a word need not be in what is found."""
        return word in self._little

    def _stem(self, word: str) -> str:
        return str(self._stems.stemWord(word))
