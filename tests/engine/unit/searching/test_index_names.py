"""The names of indexes in OpenSearch: however views are called, no index is taken for another view's."""

from hypothesis import example, given
from hypothesis import strategies as st

from tests.engine.workshop.views import OwnerDetails
from twinpath.domain import Searchable, View
from twinpath.searching.entries import Readings
from twinpath.searching.language import Language
from twinpath.searching.opensearch.names import Names
from twinpath.views.naming import generation_name

view_names = st.from_regex(r"[a-c](-|_|-kept|-[a-c]{1,3}|[0-9])?", fullmatch=True)
numbers = st.integers(1, 12)


@given(view_names, numbers, view_names, numbers)
@example("orders", 1, "orders-archive", 1)
@example("orders", 2, "orders-archive", 3)
def test_an_index_belongs_to_its_own_view_and_generation_alone(view: str, number: int, other: str, at: int) -> None:
    views = [View(name, OwnerDetails, search=Searchable(text=("name",))) for name in {view, other}]
    names = Names("twin-path.test", Readings(views, Language("english")))
    mine, others = generation_name(view, number), generation_name(other, at)

    index = names.index(others)

    assert names.belongs(index, mine) is (mine == others)
    assert names.number(index, view) == (at if view == other else 0)
    assert names.number(names.index(mine), view) == number
