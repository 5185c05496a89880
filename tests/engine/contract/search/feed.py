"""A product feed: names as shops have them, with what makes searching hard."""

from pydantic import BaseModel

from twinpath.domain.searchable import Ranges, Searchable
from twinpath.domain.views import View


class Article(BaseModel):
    """An article of the feed."""

    sku: str
    name: str
    category: str
    price: float
    sold_out: bool


ARTICLES = View(
    "articles",
    Article,
    filters=("category", "sold_out"),
    search=Searchable(
        text=("name", "category"),
        exact=("sku",),
        facets=("category", "sold_out", Ranges("price", (10, 100))),
        suggest=("name",),
    ),
)

FEED = (
    ("LAMP-1", "Desk lamp", "lighting", 19.99),
    ("LAMP-2", "Reading lamps, set of two", "lighting", 49.0),
    ("LAMP-3", "Lamp shade for a desk lamp", "lighting", 9.5),
    ("CAMP-1", "Camp bed", "outdoor", 79.0),
    ("630/8-2RSR", "Deep groove ball bearing 630/8-2RSR", "bearings", 3.2),
    ("6308-2Z", "Deep groove ball bearing 6308-2Z", "bearings", 12.1),
    ("0004711", "Eau de Cologne", "perfume", 24.9),
    ("4711", "Tissue box", "household", 2.5),
    ("MOT-3000", "Motor 3000", "motors", 300.0),
    ("MOT-3800", "Motor 3800 X", "motors", 380.0),
    ("3801", "Motor cover", "motors", 38.0),
    ("REC-100", "P!nk: The Truth About Love", "music", 15.0),
    ("REC-101", "Meat Loaf: Bat Out of Hell", "music", 14.0),
    ("REC-102", "AC/DC: Back in Black", "music", 16.0),
    ("REC-103", "The Who: Who's Next", "music", 13.0),
    ("REC-104", "Ke$ha: Animal", "music", 11.0),
    ("REC-105", "Guns N' Roses: Appetite for Destruction", "music", 12.0),
    ("REC-106", "Motörhead: Ace of Spades", "music", 12.5),
    ("REC-107", "Beyoncé: Lemonade", "music", 18.0),
    ("FOOD-1", "Meatloaf mix", "food", 4.0),
    ("FOOD-2", "Crème brûlée torch", "kitchen", 29.0),
    ("FOOD-3", "Jalapeño peppers", "food", 3.0),
    ("FOOD-4", "Straßburger Gänseleberpastete", "food", 33.0),
    ("CHAIR-01", "Bürostuhl Müller Ergo", "möbel", 199.0),
    ("CHAIR-02", "Kids' chair", "furniture", 39.0),
    ("SHOE-1", "Women's running shoes", "shoes", 89.0),
    ("SHOE-2", "Men's running shoe", "shoes", 85.0),
    ("TS-BLK-XL", "T-Shirt black XL", "clothes", 12.0),
    ("USB_C_2M", "usb_c charging cable 2m", "cables", 8.0),
    ("USB-A-1M", "USB-A cable 1 m", "cables", 6.0),
    ("IPH15", "iPhone 15 case", "phones", 25.0),
    ("IPH16", "iPhone16 case", "phones", 27.0),
    ("WIFI-6", "Wi-Fi 6 router", "network", 120.0),
    ("TOY-1", "Rubber duck 🦆", "toys", 5.0),
    ("TOY-2", "Building blocks", "toys", 20.0),
    ("BOOK-1", "To Be or Not to Be", "books", 9.0),
    ("BOOK-2", "Война и мир", "books", 17.0),
    ("BOOK-3", "שלום עולם", "books", 10.0),
    ("BOOK-4", "كتاب الطبخ", "books", 21.0),
    ("BOOK-5", "東京の地図", "books", 22.0),
    ("BOOK-6", "A Wizard of Earthsea", "books", 8.0),
    ("SCREW-M8X40", "Hexagon screw M8x40", "fasteners", 0.4),
    ("SCREW-M8X50", "Hexagon screw M8x50", "fasteners", 0.5),
    ("SCREW-3", "Wood screw 3×16", "fasteners", 0.1),
    ("CAP-10", "Capacitor 10µF", "spare parts", 0.2),
    ("BOOK-7", "C++ Primer", "books", 30.0),
    ("BOOK-8", "C# in Depth", "books", 31.0),
    ("PHONE-2", "Galaxy S20", "phones", 400.0),
    ("PHONE-3", "Galaxy S20+", "phones", 500.0),
    ("TV-55", 'Television 55" OLED', "electronics", 999.0),
    ("PEN-1", "Ball pen", "office", 1.5),
    ("PEN-2", "Fountain pen", "office", 25.0),
    ("BAG-1", "Back pack, 20 litres", "bags", 59.0),
    ("BAG-2", "Backpack cover", "bags", 15.0),
    ("GLASS-1", "Wine glasses", "kitchen", 30.0),
    ("KNIFE-1", "Knives, set of six", "kitchen", 60.0),
    ("BATT-AA", "Batteries AA", "electronics", 7.0),
    ("0815/0007", "Lever", "spare parts", 4.0),
    ("LED-7W", "Bulb 7W", "lighting", 4.0),
    ("FLAG-1", "Small flag 🇩🇪", "toys", 3.0),
    ("MUG-1", "I ❤️ tea mug", "kitchen", 9.0),
    ("PHONE-1", "هاتف ٧٧١٠", "phones", 50.0),
    ("LIGHT-1", "Teelichthalter", "kitchen", 5.0),
)
"""SKU, name, category, price."""
