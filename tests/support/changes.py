"""Batches of changes of a few documents, such that paths meet, contain and contradict each other: for hypothesis."""

from hypothesis import strategies as st

from twinpath.domain.views import Change, ChangeWhere, Put, Remove, ViewChange

VIEW = "things"

_IDS = st.sampled_from(["a", "b"])
_NUMBERS = st.integers(-3, 3)
_SCALARS = st.one_of(_NUMBERS, st.sampled_from(["text", None, True]))
_VALUES = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["b", "c"]), st.one_of(_NUMBERS, st.dictionaries(st.just("d"), _NUMBERS))),
)
_NUMBER_PATHS = st.sampled_from(["n", "m", "a.b", "a.c", "a.b.d", "x.y"])
_LIST_PATHS = st.sampled_from(["l", "x.l", "a.l"])
_ANY_PATHS = st.one_of(_NUMBER_PATHS, _LIST_PATHS, st.sampled_from(["a", "x", "l.0", "a.b"]))
_KEEPS = st.one_of(st.none(), st.integers(0, 4))

_puts = st.builds(
    Put,
    st.just(VIEW),
    _IDS,
    st.fixed_dictionaries({"n": _NUMBERS, "a": _VALUES}, optional={"l": st.lists(_SCALARS, max_size=3)}),
)
_usual = st.builds(
    Change,
    st.just(VIEW),
    _IDS,
    set=st.dictionaries(_NUMBER_PATHS, _NUMBERS, max_size=2),
    increment=st.dictionaries(_NUMBER_PATHS, _NUMBERS, max_size=2),
    append=st.dictionaries(_LIST_PATHS, _SCALARS, max_size=2),
    keep=_KEEPS,
    create=st.booleans(),
)
_odd = st.builds(
    Change,
    st.just(VIEW),
    _IDS,
    set=st.dictionaries(_ANY_PATHS, _VALUES, max_size=3),
    increment=st.dictionaries(_ANY_PATHS, _NUMBERS, max_size=2),
    append=st.dictionaries(_ANY_PATHS, _SCALARS, max_size=2),
    keep=_KEEPS,
    create=st.just(True),
)
_everywhere = st.builds(
    ChangeWhere,
    st.just(VIEW),
    st.dictionaries(st.sampled_from(["n", "a.b", "l"]), _SCALARS, max_size=1),
    st.dictionaries(st.sampled_from(["n", "m", "a.b"]), _NUMBERS, min_size=1, max_size=1),
)
_changes: st.SearchStrategy[ViewChange] = st.one_of(
    _usual, _usual, _puts, _odd, st.builds(Remove, st.just(VIEW), _IDS), _everywhere
)

batches = st.lists(_changes, min_size=1, max_size=8)
