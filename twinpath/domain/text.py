"""Text as people read it, by the properties that Unicode gives its characters: what is seen, what is the same, where it
may be cut."""

from unicodedata import normalize

import regex

_SEEN = regex.compile(
    r"[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]"
)
"""Hangul fillers are letters by their category, and default ignorable; the blank of Braille is a symbol."""
_NOT_SEEN = regex.compile(r"[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]")
"""Of single characters: those that leave no trace. Marks do, and blanks part words."""
_REFUSED = r"\p{Cs}\p{Noncharacter_Code_Point}\u202D\u202E"
"""Lone surrogates, code points that are no characters, and overrides, which show letters in another order."""
_NOT_IN_LINES = regex.compile(rf"[{_REFUSED}\p{{Cc}}\p{{Zl}}\p{{Zp}}]")
_NOT_IN_TEXT = regex.compile(rf"[{_REFUSED}\p{{Cc}}--[\t\n\r]]", regex.V1)
_OPENS = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}
"""What opens an embedding or an isolate of a direction -> what ends it (Unicode Bidirectional Algorithm, UAX 9)."""
_DIRECTIONS = regex.compile(r"[\u202A-\u202C\u2066-\u2069]")
_LINE_ENDS = dict.fromkeys(map(ord, "\n\r\t"))
_PARAGRAPH = regex.compile(r"\r\n|[\n\r\x85\u2029]")
_GRAPHEMES = regex.compile(r"\X")


def case_folded(text: str) -> str:
    """The form in which two texts that people take for the same are equal (Unicode 17, D145), in NFC."""
    return normalize("NFC", normalize("NFD", text).casefold())


def shortened(text: str, most: int) -> str:
    """At most this many characters from its beginning, as people count them: none is cut (grapheme clusters, UAX 29).

    A character of more than 16 code points, such as a letter under a heap of accents, ends the text before it.
    """
    end = 0
    for grapheme in _GRAPHEMES.finditer(text, 0, most * 16 + 1):
        if most == 0 or grapheme.end() - grapheme.start() > 16:
            break
        most, end = most - 1, grapheme.end()
    return text[:end]


def readable(text: str, *, lines: bool = False) -> str:
    """The text as it is; with `lines` it may have several.

    Raises:
        ValueError: nothing of it is seen; or it holds control characters, lone surrogates, or characters that change
            the direction of what stands around it: overrides, and embeddings or isolates that do not end.
    """
    if _SEEN.search(text) is None:
        raise ValueError("nothing of it can be seen")
    if (text.translate(_LINE_ENDS) if lines else text).isprintable():
        return text  # most are, and this takes a hundredth of the time
    if (refused := (_NOT_IN_TEXT if lines else _NOT_IN_LINES).search(text)) is not None:
        raise ValueError(f"the character U+{ord(refused[0]):04X} has no place in {'a text' if lines else 'one line'}")
    if _DIRECTIONS.search(text) and not all(map(_ends_what_it_opens, _PARAGRAPH.split(text))):
        raise ValueError("a change of the writing direction in it has no end")
    return text


def all_seen(text: str) -> str:
    """The text as it is, for numbers and addresses, which are compared letter by letter: no joiners, no fillers.

    Raises:
        ValueError: a character of it can't be seen, so that it would look like another text.
    """
    if (unseen := _NOT_SEEN.search(text)) is not None:
        raise ValueError(f"the character U+{ord(unseen[0]):04X} can't be seen")
    return text


def _ends_what_it_opens(paragraph: str) -> bool:
    open_ends: list[str] = []
    for character in paragraph:
        if character in _OPENS:
            open_ends.append(_OPENS[character])
        elif character in ("\u202c", "\u2069") and (not open_ends or open_ends.pop() != character):
            return False
    return not open_ends
