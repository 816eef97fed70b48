"""What is printed on packs of food and cosmetics."""

FOOD = """wheat flour, sugar, palm oil, cocoa butter, skimmed milk powder, whey powder (milk), glucose syrup,
water, emulsifier (soy lecithin), salt, vanilla extract, tomato paste (12%), onion, garlic powder, citric
acid, natural flavouring, rapeseed oil, egg white, barley malt, raising agent (E500ii), hazelnuts (13%),
oat flakes, modified starch, carrots, spices, yeast extract, colour (carotenes), preservative (E202),
sunflower oil, rice flour, almonds, honey, lemon juice, sea salt, chickpeas, black pepper"""

COSMETICS = """aqua, glycerin, cetearyl alcohol, sodium laureth sulfate, cocamidopropyl betaine, parfum,
limonene, linalool, phenoxyethanol, dimethicone, tocopheryl acetate, butyrospermum parkii butter, citric acid,
sodium benzoate, potassium sorbate, panthenol, xanthan gum, niacinamide, CI 77891, CI 19140, benzyl alcohol,
caprylic/capric triglyceride, sodium chloride, disodium EDTA, aloe barbadensis leaf juice,
simmondsia chinensis seed oil, hyaluronic acid, allantoin, carbomer, titanium dioxide"""

FOOD_HEADINGS = ("Ingredients:", "INGREDIENTS", "Ingredients", "Zutaten:", "Ingrédients :", "Ingredienti:")
COSMETICS_HEADINGS = ("INCI:", "INGREDIENTS:", "Ingredients / INCI:", "Ingredients:")

NUTRIENTS = """Energy, Fat, of which saturates, Carbohydrate, of which sugars, Fibre, Protein, Salt, Sodium,
Vitamin C"""
NUTRITION_HEADINGS = ("Nutrition Facts", "Nutrition per 100 g", "Nährwerte je 100 g", "Typical values")

# Paragraphs that look much like a list of ingredients and are none.
NOTES = (
    (
        "Our story",
        "Three generations, one recipe: we still stir every batch by hand, slowly, as it should be.",
    ),
    ("Produced by:", "Miller & Daughters Ltd, 14 Mill Lane, Riverside. Packed in a protective atmosphere."),
    ("Best before:", "See lid. Please recycle: carton to paper, inner bag to plastic. Thank you."),
    ("Storage:", "Keep in a cool, dry place, away from direct light. Close well after use."),
)
FOOD_NOTES = (
    ("Preparation:", "Stir into 500 ml of boiling water, simmer for ten minutes, leave to stand and serve."),
    ("Allergy advice:", "May contain traces of nuts, sesame and celery. See the words printed in bold."),
    ("Serving suggestion", "Lovely with yoghurt and fresh berries, on toast, or straight from the spoon."),
    ("Once opened", "Keep refrigerated and consume within three days. Not suitable for freezing."),
)
COSMETICS_NOTES = (
    ("Directions:", "Shake well, apply generously to wet skin, massage gently and rinse with warm water."),
    ("Warning:", "For external use only. Avoid contact with eyes. Keep out of reach of children."),
    (
        "How to use",
        "Warm a little between your palms, smooth over hair from root to tip, and style as usual.",
    ),
    ("Tested:", "Dermatologically tested on sensitive skin. Not tested on animals. Suitable for vegans."),
)

FOOD_BRANDS = ("Goldfield", "Nonna Rosa", "Oat & Co", "Harvest", "Mill Lane", "Solé", "Krümel", "Berry Good")
FOOD_PRODUCTS = ("Granola", "Tomato Soup", "Hazelnut Cream", "Butter Biscuits", "Falafel Mix", "Rice Snack")
COSMETICS_BRANDS = ("Lumière", "Aloe & Me", "Nordic Skin", "Petal", "Pure Dew", "Sève", "Moss", "Velour")
COSMETICS_PRODUCTS = ("Hand Cream", "Body Lotion", "Repair Shampoo", "Shower Gel", "Face Serum", "Night Balm")


def listed(text: str) -> list[str]:
    """The parts between the commas."""
    return " ".join(text.split()).split(", ")
