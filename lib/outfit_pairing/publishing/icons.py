"""Which silhouette of lookbook_icons.html.j2 stands for a product: that of its family, else that of its slot."""

from outfit_pairing.style.vocabulary import SLOTS, StyleGuide

OF_FAMILY = {
    "tank top": "tank",
    "undershirt": "tank",
    "shirt": "shirt",
    "blouse": "shirt",
    "sweater": "sweater",
    "sweatshirt": "sweater",
    "kurta": "kurta",
    "tunic": "kurta",
    "leggings": "leggings",
    "shorts": "shorts",
    "skirt": "skirt",
    "jumpsuit": "jumpsuit",
    "suit": "jumpsuit",
    "tracksuit": "jumpsuit",
    "clothing set": "jumpsuit",
    "baby one-piece": "jumpsuit",
    "ethnic set": "kurta",
    "saree": "saree",
    "lehenga": "saree",
    "formal shoes": "shoe",
    "boots": "boots",
    "heels": "heels",
    "flats": "flats",
    "sandals": "sandals",
    "slippers": "sandals",
    "ethnic footwear": "flats",
    "clutch": "clutch",
    "pouch": "clutch",
    "wallet": "clutch",
    "backpack": "backpack",
    "hat": "hat",
    "beanie": "beanie",
    "earrings": "earrings",
    "ring": "ring",
    "formal jewellery": "ring",
    "bracelet": "bracelet",
    "tie": "tie",
    "bra": "bra",
    "jacket": "jacket",
    "sports jacket": "jacket",
    "rainwear": "jacket",
    "coat": "coat",
    "hosiery": "socks",
    "gloves": "gloves",
    "umbrella": "umbrella",
    "sports equipment": "ball",
    "business bag": "briefcase",
    "travel bag": "suitcase",
    "hair accessory": "bow",
    "fragrance": "perfume",
    "lips": "lipstick",
    "nails": "nails",
    "skin care": "cream",
    "face makeup": "cream",
}


MEN = {"men", "boys"}


def icon_of(article_type: str | None, slot: str | None, audience: str | None, guide: StyleGuide) -> str:
    """Name of the silhouette."""
    if slot == "swimwear" and audience in MEN:
        return "shorts"
    known = guide.article_type(article_type) if article_type else None
    if known and known.family in OF_FAMILY:
        return OF_FAMILY[known.family]
    return slot if slot in SLOTS else "other"
