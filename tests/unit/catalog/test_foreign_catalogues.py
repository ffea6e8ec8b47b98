"""Catalogues in German, Spanish, French and Italian end in the right slots, colours and audiences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.catalog.learned import Learned
from outfit_pairing.catalog.learning import count_words, learn
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.rows import RawRow
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.normalise import words

GUIDE = load_style_guide()
FIELDS = ("product_id", "name", "audience", "article_type", "colour")
Row = tuple[str, str, str, str, str, str, str]  # audience, type, name, colour; then audience, slot and colour family wanted

GERMAN = """
Damen|Kleider|Sommerkleid mit Gürtel|dunkelblau|women|one_piece|navy
Damen|Röcke|Plisseerock aus Satin|altrosa|women|bottom|pink
Damen|Hosen|Weite Leinenhose|weiß|women|bottom|white
Herren|Hemden|Businesshemd Slim Fit|hellblau|men|top|blue
Herren|Jacken|Lederjacke im Bikerstil|schwarz|men|outerwear|black
Herren|Mäntel|Wollmantel|anthrazit|men|outerwear|grey
Damen|Strickwaren|Strickjacke mit Knöpfen|grün|women|outerwear|green
Damen|Strickwaren|Rollkragenpullover|senfgelb|women|top|yellow
Damen|Stiefel|Chelsea Boots|braun|women|footwear|brown
Herren|Schuhe|Turnschuhe Retro|weinrot|men|footwear|red
Damen|Handtaschen|Kleine Umhängetasche|rot|women|bag|red
Herren|Gürtel|Ledergürtel|dunkelbraun|men|belt|brown
Damen|Accessoires|Halskette vergoldet|gold|women|jewellery|metallic
Damen|Accessoires|Wollmütze|graumeliert|women|headwear|grey
Damen|Bademode|Badeanzug|türkis|women|swimwear|teal
Mädchen|Schlafanzüge|Schlafanzug Einhorn|rosa|girls|sleepwear|pink
Jungen|Unterwäsche|Boxershorts 3er-Pack|bunt|boys|innerwear|multi
Damen|Handschuhe|Handschuhe aus Leder|schwarz|women|other|black
Damen|Armbanduhren|Damenuhr|silberfarben|women|watch|metallic
Damen|Sonnenbrillen|Sonnenbrille Cat Eye|schwarz|women|eyewear|black
"""
SPANISH = """
Mujer|Vestidos|Vestido largo de punto|rojo|women|one_piece|red
Mujer|Faldas|Falda midi plisada|azul marino|women|bottom|navy
Mujer|Pantalones|Pantalón vaquero ancho|azul claro|women|bottom|blue
Hombre|Camisas|Camisa de lino|blanca|men|top|white
Hombre|Camisetas|Camiseta básica|gris|men|top|grey
Mujer|Chaquetas|Chaqueta vaquera|azul|women|outerwear|blue
Hombre|Abrigos|Abrigo de lana|negro|men|outerwear|black
Hombre|Jerséis|Jersey de cuello alto|verde oscuro|men|top|green
Mujer|Zapatos|Zapatos de tacón|rosa|women|footwear|pink
Mujer|Botas|Botines de piel|marrón|women|footwear|brown
Mujer|Bolsos|Bolso bandolera|amarillo|women|bag|yellow
Hombre|Cinturones|Cinturón de cuero|marrón|men|belt|brown
Mujer|Accesorios|Pendientes de aro|dorado|women|jewellery|metallic
Mujer|Accesorios|Gafas de sol|negro|women|eyewear|black
Niña|Bañadores|Bañador estampado|turquesa|girls|swimwear|teal
Niño|Pijamas|Pijama de algodón|naranja|boys|sleepwear|orange
"""
FRENCH = """
Femme|Robes|Robe longue imprimée|bleu marine|women|one_piece|navy
Femme|Jupes|Jupe plissée|vert foncé|women|bottom|green
Homme|Pantalons|Pantalon chino|beige|men|bottom|beige
Homme|Chemises|Chemise en lin|blanc|men|top|white
Femme|Pulls et gilets|Gilet en maille|gris|women|outerwear|grey
Femme|Pulls et gilets|Pull col roulé|noir|women|top|black
Femme|Vestes|Veste en cuir|marron|women|outerwear|brown
Homme|Manteaux|Manteau en laine|noir|men|outerwear|black
Femme|Chaussures|Baskets en cuir|blanche|women|footwear|white
Femme|Bottines|Bottines à talons|bordeaux|women|footwear|red
Femme|Sacs|Sac à main|rose|women|bag|pink
Femme|Bijoux|Boucles d'oreilles|doré|women|jewellery|metallic
Femme|Accessoires|Écharpe en laine|jaune|women|scarf_or_tie|yellow
Homme|Accessoires|Ceinture en cuir|noir|men|belt|black
Fille|Pyjamas|Pyjama étoiles|violet|girls|sleepwear|purple
"""
ITALIAN = """
Donna|Vestiti|Vestito lungo a fiori|rosso|women|one_piece|red
Donna|Gonne|Gonna a pieghe|verde|women|bottom|green
Uomo|Pantaloni|Pantaloni in lino|beige|men|bottom|beige
Uomo|Camicie|Camicia slim|azzurro|men|top|blue
Uomo|Maglieria|Maglione girocollo|grigio|men|top|grey
Donna|Giacche|Giacca di pelle|nera|women|outerwear|black
Donna|Cappotti|Cappotto lungo|marrone|women|outerwear|brown
Donna|Scarpe|Scarpe da ginnastica|bianco|women|footwear|white
Donna|Stivali|Stivaletti|nero|women|footwear|black
Donna|Borse|Borsa a tracolla|giallo|women|bag|yellow
Donna|Gioielli|Orecchini a cerchio|oro|women|jewellery|metallic
Uomo|Accessori|Cintura in pelle|marrone|men|belt|brown
Donna|Accessori|Occhiali da sole|nero|women|eyewear|black
Bambina|Pigiami|Pigiama in cotone|rosa|girls|sleepwear|pink
"""


def reader(rows: list[dict[str, str]] | None = None, fields: tuple[str, ...] = FIELDS) -> ProductReader:
    """A reader of a catalogue of those rows, which has listened to its language."""
    mapping = CatalogueMapping.model_validate({"columns": {field: field for field in fields}})
    learned = learn(*count_words(rows, mapping), mapping, GUIDE, None) if rows else Learned()
    return ProductReader(mapping, GUIDE, "EUR", learned)


def table(text: str) -> tuple[list[dict[str, str]], list[tuple[str, str, str]]]:
    """Rows, and the audience, slot and colour family wanted of each."""
    cells = [line.split("|") for line in text.strip().splitlines()]
    rows = [dict(zip(FIELDS, (str(place), one[2], one[0], one[1], one[3]), strict=True)) for place, one in enumerate(cells)]
    return rows, [(one[4], one[5], one[6]) for one in cells]


@pytest.mark.parametrize(("language", "text"), [("german", GERMAN), ("spanish", SPANISH), ("french", FRENCH), ("italian", ITALIAN)])
def test_a_foreign_catalogue_ends_in_the_right_slots(language: str, text: str) -> None:
    """Types, colours and audiences of a shop in another language mean what they mean there."""
    rows, wanted = table(text)
    of = reader(rows)
    found = [of.read(RawRow(2, "", row)) for row in rows]
    assert of.learned.languages == (language,)
    wrong = [
        (row["article_type"], row["name"], one["audience"], one["slot"], one["colour_family"])
        for row, one, (audience, slot, family) in zip(rows, found, wanted, strict=True)
        if (one["audience"], one["slot"], one["colour_family"]) != (audience, slot, family)
    ]
    assert wrong == []


@pytest.mark.parametrize("text", [GERMAN, SPANISH, FRENCH, ITALIAN])
def test_bare_names_of_a_foreign_catalogue_tell_the_slot(text: str) -> None:
    """Without a type column nine in ten names are placed right."""
    rows, wanted = table(text)
    bare = [{"product_id": row["product_id"], "name": row["name"], "colour": row["colour"]} for row in rows]
    of = reader(bare, ("product_id", "name", "colour"))
    right = [of.read(RawRow(2, "", row))["slot"] == slot for row, (_, slot, _) in zip(bare, wanted, strict=True)]
    assert sum(right) >= 0.9 * len(right)


@pytest.mark.parametrize(
    ("word", "slot"),
    [
        ("Hose", "bottom"), ("Kleid", "one_piece"), ("Schuhe", "footwear"), ("Hemd", "top"), ("Tasche", "bag"),
        ("Gürtel", "belt"), ("GUERTEL", "belt"), ("Mantel", "outerwear"), ("Pullover", "top"), ("Winterstiefel", "footwear"),
        ("Abendkleider", "one_piece"), ("vestido", "one_piece"), ("pantalón", "bottom"), ("PANTALONES", "bottom"),
        ("camisa", "top"), ("bolso", "bag"), ("jupe", "bottom"), ("manteau", "outerwear"), ("chaussures", "footwear"),
        ("scarpe", "footwear"), ("gonna", "bottom"),
    ],
)  # fmt: skip
def test_a_foreign_type_word_is_known_also_alone(word: str, slot: str) -> None:
    """One German row in an English catalogue is understood too."""
    assert reader().read(RawRow(2, "", {"product_id": "1", "name": "Marlow", "article_type": word}))["slot"] == slot


def test_words_of_two_languages_mean_what_the_catalogue_speaks() -> None:
    """A robe is a dress in a French catalogue and a bath robe in an English one; what is stored says so to every reader."""
    row = {"product_id": "1", "name": "Marlow", "article_type": "Robe"}
    french, _ = table(FRENCH)
    assert reader().read(RawRow(2, "", row))["slot"] == "sleepwear"
    found = reader(french).read(RawRow(2, "", row))
    assert (found["slot"], found["article_type"]) == ("one_piece", "dress")


@pytest.mark.parametrize(
    ("name", "audience"), [("Lederjacke für Damen", "women"), ("Herrenhemd kariert", "men"), ("Kinder Regenjacke", "kids")]
)
def test_names_of_a_german_catalogue_tell_the_audience(name: str, audience: str) -> None:
    """Where there is no gender column, "Damen" and "Herrenhemd" say enough."""
    bare = [{"product_id": "1", "name": one} for one in (name, "Sommerkleid", "Wollmantel")]
    assert reader(bare, ("product_id", "name")).read(RawRow(2, "", bare[0]))["audience"] == audience


ENDINGS = sorted(
    word
    for language in GUIDE.foreign_words.languages
    if language.joined
    for word in language.types.by_key
    if len(word) >= 4 and words(word) == (word,)  # as it may be written: the key of "Troyer" is no word
)


@given(st.sampled_from(ENDINGS), st.sampled_from(["woll", "sommer", "lieblings", "damen"]))
def test_a_word_written_as_one_is_what_its_end_says(ending: str, beginning: str) -> None:
    """Any German type with a word put before it stays in one of the places it had."""
    german = GUIDE.foreign_words.languages[0]
    whole, joined = german.types.find((ending,)), german.article_word_in(beginning + ending)
    assert whole is not None
    assert joined is not None
    if german.types.find((beginning + ending,)) is None:
        assert joined == whole or joined in german.types.by_key.values()


def test_english_catalogues_stay_english() -> None:
    """Foreign words in English names ("Camisa", "Noir") do not make a catalogue foreign."""
    names = ["Noir Maxi Dress", "Rosa Tee", "Verde Skinny Jeans", "Rock Revival Jeans", "Oxford Shirt", "Ankle Boots"]
    bare = [{"product_id": "1", "name": name} for name in names]
    assert reader(bare, ("product_id", "name")).learned.languages == ()
