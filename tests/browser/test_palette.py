"""A label has one colour: in the worker's browser, in the mask that is written, in the pictures of it."""

import importlib.util
from pathlib import Path

from vision.palette import label_colours

CONSOLIDATION = Path(__file__).parents[2] / "lambdas/consolidation"
COLOURS = (
    "(count) => import(location.href).then(({labelColour}) => [...Array(count).keys()].map(labelColour))"
)
MOST_LABELS = 254


def test_everybody_who_colours_labels_makes_the_same_list(chromium, site):
    spec = importlib.util.spec_from_file_location("consolidation_palette", CONSOLIDATION / "palette.py")
    palette = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(palette)
    page = chromium.new_page()
    page.goto(f"{site.origin}/elements/palette.js")
    colours = page.evaluate(COLOURS, MOST_LABELS)
    page.close()
    assert len(set(colours)) == MOST_LABELS
    assert colours == label_colours(MOST_LABELS)
    assert colours == [palette.label_colour(number) for number in range(MOST_LABELS)]
