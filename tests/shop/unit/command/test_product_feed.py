"""Feeds of each format as they are exported: what is taken of them, what is told of the rest, and a second run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from command_service.product.amounts import amount_of, in_effect, pieces_of
from command_service.product.feed import ProductFeed
from deploy.shop import SHOP
from tests.shop.support.in_process import shop_in_process
from twinpath.domain import RowRefused
from twinpath.errors import MalformedRequest
from twinpath.importing.batches import Refusal
from twinpath.importing.checking import DryRun
from twinpath.importing.mapping import FieldMap, mapped, read_mapping
from twinpath.importing.report import Report
from twinpath.importing.rows import rows_of
from twinpath.importing.running import Carrier, run
from twinpath.importing.sending import Service

FEEDS = Path(__file__).parents[2] / "feeds"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with shop_in_process() as client:
        yield client


def taken(file: Path, carrier: Carrier, mapping: FieldMap | None = None) -> tuple[Report, list[tuple[int, str]]]:
    report, refusals = Report(), list[Refusal]()
    fields = (mapping or FieldMap()).with_defaults([] if mapping else ["currency=EUR"])
    with rows_of(file) as rows:
        _, items = mapped(ProductFeed(), rows.rows, fields)
        run(ProductFeed(), items, NOW, carrier, report, refusals.append, lambda: None)
    return report, [(refusal.line, refusal.kind) for refusal in refusals]


def shown(client: httpx.Client) -> list[tuple[Any, ...]]:
    products = client.get("/api/v1/products?limit=100&sort=name").json()["items"]
    plain = ("sku", "name", "price", "on_hand", "categories", "discontinued")
    return [
        tuple(
            f"{product[name]['amount']} {product[name]['currency']}" if name == "price" else product[name]
            for name in plain
        )
        for product in products
    ]


TAXONOMY = "Apparel & Accessories > Clothing > Outerwear"
FOUND: dict[str, tuple[list[tuple[int, str]], list[tuple[Any, ...]]]] = {
    "google.xml": (
        [(35, "price_missing"), (39, "sku_taken")],
        [
            ("LAMP #2 + shade", "Floor lamp, brass", "1299.00 EUR", 7, [], False),
            (
                "TV_123456/A",
                "Lampe de bureau « Émile », 40 cm",
                "99.95 EUR",
                0,
                ["Home > Lighting > Desk lamps", "Office", "Home & Garden > Lighting > Lamps"],
                False,
            ),
            ("CARD", "Sample card, free of charge", "0.00 EUR", 0, [], False),
        ],
    ),
    "google.tsv": (
        [(6, "price: value_error")],
        [
            (
                "SKU-1",
                '27" monitor',
                "249.99 USD",
                0,
                ["Electronics > Monitors", "Electronics > Video > Computer Monitors"],
                False,
            ),
            ("SKU-2", 'A "quoted" name', "9.99 USD", 0, [], False),
            ("SKU-3", "Kilim", "20000 JPY", 0, ["Home > Rugs"], False),
        ],
    ),
    "shopify.csv": (
        [(9, "price_unreadable")],
        [
            ("GIFT", "Gift card", "25.00 EUR", 0, [], True),
            ("wool-jacket/Blue/S%2FM", "Wool jacket - Blue / S/M", "149.00 EUR", 1, [TAXONOMY, "Jackets"], False),
            ("COVER", "Shipping cover - 0.98", "0.98 EUR", 0, [], False),
            ("shipping-cover/1.15", "Shipping cover - 1.15", "1.15 EUR", 0, [], False),  # a SKU that variants share
            ("'0012", "Wool jacket - Red / L", "149.00 EUR", 0, [TAXONOMY, "Jackets"], False),
            ("WJ-R-S", "Wool jacket - Red / S/M", "149.00 EUR", 4, [TAXONOMY, "Jackets"], False),
        ],
    ),
    "windows.csv": (
        [],
        [
            ("CAF-1", "Café crème – 250 g", "4.50 EUR", 12, ["Boissons"], False),
            ("THE-1", "Thé d’été", "1299.00 EUR", 3, [], False),
        ],
    ),
    "products.ndjson": (
        [(3, "name: string_too_long"), (4, "unreadable_row"), (5, "unreadable_row")],
        [
            ("LAMP-9", "Desk lamp", "19.99 EUR", 8, ["lighting", "Home > Lamps"], False),
            ("LAMP-8", "Old lamp", "5.00 EUR", 0, [], True),
        ],
    ),
    "shopify.jsonl": (
        [],
        [
            ("MUG-B", "Mug - Blue", "12.00 EUR", 5, ["Kitchen"], False),
            ("gid:%2F%2Fshopify%2FProduct%2F1/Red", "Mug - Red", "12.00 EUR", 0, ["Kitchen"], False),
        ],
    ),
}


@pytest.mark.parametrize("file", sorted(FOUND))
def test_a_feed_is_taken_and_the_rest_told_by_line_and_kind_also_by_a_dry_run(client: httpx.Client, file: str) -> None:
    refused, products = FOUND[file]

    report, refusals = taken(FEEDS / file, Service(client, "import"))

    assert sorted(refusals) == refused
    assert sorted(shown(client)) == sorted(products)
    assert report.taken == len(products)
    dry, dry_refusals = taken(FEEDS / file, DryRun(SHOP))
    assert (dry.summary()["taken"], dry_refusals) == (report.summary()["taken"], refusals)


@pytest.mark.parametrize("file", sorted(FOUND))
def test_a_second_run_changes_nothing_and_reports_the_same(client: httpx.Client, file: str) -> None:
    first = taken(FEEDS / file, Service(client, "import"))
    before = client.get("/api/v1/products?limit=100").json()

    assert taken(FEEDS / file, Service(client, "import")) == first
    assert client.get("/api/v1/products?limit=100").json() == before


def test_a_mapping_says_which_column_is_what(client: httpx.Client, tmp_path: Path) -> None:
    file, mapping = tmp_path / "own.csv", tmp_path / "own.toml"
    file.write_text("Artikel-Nr.;Bezeichnung;VK brutto\n4711;Kölnisch Wasser;12,90\n")
    mapping.write_text(
        '[columns]\nsku = "Artikel-Nr."\nname = ["Titel", "Bezeichnung"]\nprice = "VK_brutto"\n'
        '[defaults]\ncurrency = "EUR"\nstock = "5"\ncategory = "Drogerie"\n'
    )

    taken(file, Service(client, "import"), read_mapping(mapping))

    assert shown(client) == [("4711", "Kölnisch Wasser", "12.90 EUR", 5, ["Drogerie"], False)]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("[columns]\ncolour = 'x'\n", "there is no field colour"),
        ("shape = 'amazon'\n", "there is no shape 'amazon'"),
        ("[column]\nsku = 'x'\n", "column: Extra inputs"),
        ("sku = \n", "own.toml"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(tmp_path: Path, mapping: str, words: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(mapping)
    with pytest.raises(MalformedRequest, match=words):
        taken(FEEDS / "windows.csv", DryRun(SHOP), read_mapping(file))


def test_a_file_of_another_kind_is_refused_with_what_is_known(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("colour,size\nred,L\n")
    with pytest.raises(MalformedRequest, match="plain has sku, name"):
        taken(file, DryRun(SHOP))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.csv", "", "the file is empty"),
        ("header.csv", "sku,name,price\n", "the file has no rows"),
        ("feed.xml", "<rss><channel><title>none</title></channel></rss>", "the file has no rows"),
        ("feed.json", "[]", "the file has no rows"),
    ],
)
def test_a_file_without_rows_is_called_so(tmp_path: Path, name: str, content: str, why: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(MalformedRequest, match=why):
        taken(tmp_path / name, DryRun(SHOP))


def test_lines_that_an_open_quotation_mark_swallows_are_told(tmp_path: Path) -> None:
    file, refusals = tmp_path / "feed.csv", list[Refusal]()
    file.write_text('sku,name,price\nA,Lamp,1 EUR\nB,"Lamp,1 EUR\nC,Lamp,1 EUR\nD,Lamp,1 EUR\n')

    with rows_of(file) as opened:
        _, made = mapped(ProductFeed(), opened.rows, FieldMap())
        run(ProductFeed(), made, NOW, DryRun(SHOP), Report(), refusals.append, lambda: None)

    [refusal] = refusals
    assert (refusal.line, refusal.kind) == (3, "price_missing")
    assert refusal.detail == "it has no price; it goes on to line 5: perhaps a quotation mark has no end"


@pytest.mark.parametrize("rows", [1, 49, 50, 51])
def test_what_came_before_the_damage_of_a_file_is_taken(tmp_path: Path, rows: int) -> None:
    file, report, importer = tmp_path / "feed.xml", Report(), ProductFeed()
    items = "".join(f"<item><id>{n}</id><title>Lamp</title><price>1 EUR</price></item>" for n in range(rows))
    file.write_text(f"<rss><channel>{items}<item><id>&nbsp;</id></item></channel></rss>")

    with rows_of(file) as opened:
        _, made = mapped(importer, opened.rows, FieldMap())
        with pytest.raises(MalformedRequest, match="line 1: no well-formed XML"):
            run(importer, made, NOW, DryRun(SHOP), report, lambda refusal: None, lambda: None)

    assert report.taken == rows


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.99 USD", "12.99"),
        ("USD 12.99", "12.99"),
        ("$12.99", "12.99"),
        ("1,299.00", "1299.00"),
        ("1.299,00 usd", "1299.00"),
        ("1 299,50", "1299.50"),
        ("1'299.50", "1299.50"),
        ("1\u2019299.50", "1299.50"),
        ("1\u202f299,50\u00a0USD", "1299.50"),
        ("1,299", "1299"),
        ("1,234,567", "1234567"),
        ("12.345", "12.345"),
        ("-5", "-5"),
    ],
)
def test_an_amount_is_read_however_it_is_written(text: str, amount: str) -> None:
    assert amount_of(text, "USD").as_body() == {"amount": amount, "currency": "USD"}


@pytest.mark.parametrize("text", ["12,99 €", "€12.99", "€ 12,99", "€12.99 EUR", "12,99 eur"])
def test_a_sign_of_one_currency_names_it_whatever_is_usual_in_the_file(text: str) -> None:
    assert amount_of(text, "USD").as_body() == {"amount": "12.99", "currency": "EUR"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("£1.5", "currency_missing"),
        ("€1 USD", "price_unreadable"),
        ("1.5", "currency_missing"),
        ("free", "price_unreadable"),
        ("", "price_unreadable"),
    ],
)
def test_an_amount_that_is_none_is_refused(text: str, kind: str) -> None:
    with pytest.raises(RowRefused) as refused:
        amount_of(text, None)
    assert refused.value.kind == kind


def test_pieces_and_spans_of_time_are_read() -> None:
    assert [pieces_of(text) for text in (None, "7", "-3", "5.0")] == [0, 7, 0, 5]
    assert in_effect("2026-03-01T00:00+0100/2026-03-02T00:00Z", NOW)
    assert not in_effect("2026-03-03/2026-03-04", NOW)
    for read, text in ((pieces_of, "many"), (lambda span: in_effect(span, NOW), "soon")):
        with pytest.raises(RowRefused):
            read(text)
