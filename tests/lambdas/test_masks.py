"""What the consolidation function makes of workers' masks: every pixel's votes, and one palette PNG."""

import json
import random

import numpy
import pytest
from PIL import Image, ImageDraw

from tests.lambdas.masks import (
    COLOURS,
    FIELD,
    GOOD,
    LABELS,
    SIZE,
    answer,
    names_in,
    painted,
    png_of,
    rgb,
    rows,
)
from vision.mask_labels import MaskLabels
from vision.masks import read_mask


def test_the_mask_is_a_palette_file_with_the_colours_of_the_map(consolidate):
    label, mask = consolidate(*(answer(worker, painted(FIELD)) for worker in ("ann", "bob", "eve")))
    assert (mask.format, mask.mode, mask.size) == ("PNG", "P", SIZE)
    assert names_in(mask) == FIELD
    assert label["internal-color-map"] == {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1.0},
        "1": {"class-name": "cat", "hex-color": "#1f77b4", "confidence": 1.0},
        "2": {"class-name": "dog", "hex-color": "#ff7f0e", "confidence": 1.0},
        "3": {"class-name": "bird", "hex-color": "#2ca02c", "confidence": 1.0},
    }
    palette = mask.getpalette()
    for value, entry in label["internal-color-map"].items():
        assert tuple(palette[3 * int(value) :][:3]) == rgb(entry["hex-color"])
    assert label["image_size"] == [{"width": 6, "height": 4, "depth": 3}]
    assert label["consensus"] == {
        "workers": 3,
        "ignored_answers": 0,
        "ignored_labels": 0,
        "agreement": {"cat": 1.0, "dog": 1.0, "bird": 1.0},
    }
    assert set(label) == {"mask-ref", "internal-color-map", "image_size", "consensus"}


def test_the_mask_is_read_by_those_who_train_with_it(consolidate):
    label, mask = consolidate(answer("ann", GOOD))
    assert names_in(read_mask(mask.fp.getvalue(), LABELS, SIZE)) == FIELD
    line = {"source-ref": "s3://images/7.jpg", "animals": label}
    assert MaskLabels().read(line, "animals", LABELS).names == tuple(LABELS)


def test_the_colour_map_names_only_what_is_in_the_mask(consolidate):
    label, _ = consolidate(answer("ann", painted(rows("d..... ...... ...... ......"))))
    assert {key: entry["class-name"] for key, entry in label["internal-color-map"].items()} == {
        "0": "BACKGROUND",
        "2": "dog",
    }


def test_every_pixel_goes_to_the_majority_and_a_tie_to_the_background_or_the_first_label(consolidate):
    label, mask = consolidate(
        answer("ann", painted(rows("cccd.. ...... ...... ......"))),
        answer("bob", painted(rows("ccddb. ...... ...... ......"))),
        answer("eve", painted(rows("c..bd. ...... ...... ......"))),
    )
    # cat thrice; cat twice; one each of cat, dog and background; dog twice; one each; nobody
    assert names_in(mask)[0] == ["cat", "cat", None, "dog", None, None]
    shares = [3 / 3, 2 / 3, 1 / 3, 2 / 3, 1 / 3]
    assert label["internal-color-map"]["0"]["confidence"] == round(sum(shares) / 5, 4)
    assert label["consensus"]["agreement"] == {
        "cat": round((3 + 2 + 1) / 3 / 3, 4),
        "dog": round((1 + 2 + 1) / 3 / 3, 4),
        "bird": round((1 + 1) / 2 / 3, 4),
    }
    _, mask = consolidate(
        answer("ann", painted(rows("d..... ...... ...... ......"))),
        answer("bob", painted(rows("c..... ...... ...... ......"))),
    )
    assert names_in(mask)[0][0] == "cat"


def test_the_only_worker_is_believed(consolidate):
    label, mask = consolidate(answer("ann", painted(FIELD)))
    assert names_in(mask) == FIELD
    assert label["consensus"]["workers"] == 1


def test_an_image_where_nobody_labeled_anything_is_labeled_and_not_failed(consolidate):
    nothing = rows("...... ...... ...... ......")
    label, mask = consolidate(*(answer(worker, painted(nothing), colours={}) for worker in ("ann", "bob")))
    assert names_in(mask) == nothing
    assert label["internal-color-map"] == {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1.0}
    }


def test_a_label_that_cannot_be_told_by_its_colour_costs_only_itself(consolidate, capsys):
    for bad in (
        {"cat": "#FFFFFF"},
        {"cat": "blue"},
        {"cat": None},
        {"cat": "#1f77b4", "bird": "#1F77B4"},
        {"horse": "#2ca02c"},
    ):
        colours = {"dog": COLOURS["dog"]} | bad
        label, mask = consolidate(answer("ann", painted(FIELD, mode="RGB"), colours=colours))
        assert names_in(mask) == rows("...... ....dd ....dd ......")
        assert label["consensus"]["ignored_labels"] == len(bad)
        assert label["consensus"]["ignored_answers"] == 0
        assert f"object 7: ignored: worker ann: label '{list(bad)[0]}'" in capsys.readouterr().out


def test_an_answer_about_other_pixels_is_not_mixed_in(consolidate):
    for other in (rows("cc cc"), rows("ccccccccc ccccccccc")):
        size = (len(other[0]), 2)
        eve = answer("eve", painted(other), size=size)
        label, mask = consolidate(answer("ann", GOOD), answer("bob", GOOD), eve)
        assert mask.size == SIZE
        assert (label["consensus"]["workers"], label["consensus"]["ignored_answers"]) == (2, 1)


def test_a_worker_has_one_vote_and_none_when_he_contradicts_himself(consolidate):
    other = painted(rows("dddddd dddddd dddddd dddddd"))
    label, mask = consolidate(answer("ann", GOOD), answer("eve", other), answer("eve", other))
    assert label["consensus"]["workers"] == 2
    assert label["consensus"]["ignored_answers"] == 1
    label, mask = consolidate(answer("ann", GOOD), answer("eve", other), answer("eve", GOOD))
    assert label["consensus"]["workers"] == 1
    assert names_in(mask) == FIELD


def test_a_change_by_one_worker_makes_the_label_adjusted(consolidate):
    unchanged = answer("ann", GOOD, initialValueModified=False)
    label, _ = consolidate(unchanged, answer("bob", GOOD, initialValueModified=True))
    assert label["adjustment-status"] == "adjusted"
    label, _ = consolidate(unchanged)
    assert label["adjustment-status"] == "unadjusted"


def test_254_labels_fit_into_a_mask_and_no_more(consolidate, consolidation):
    import palette

    labels = [f"label {number}" for number in range(254)]
    colours = {label: palette.label_colour(number) for number, label in enumerate(labels)}
    assert len(set(colours.values()) | {palette.BACKGROUND}) == 255, "colours must be told apart"
    field = [labels[row * 127 : row * 127 + 127] for row in range(2)]
    label, mask = consolidate(
        answer("ann", painted(field, colours), size=(127, 2), colours=colours), labels=labels
    )
    assert names_in(mask, labels) == field
    assert len(label["internal-color-map"]) == 255
    with pytest.raises(ValueError, match="255 labels; masks hold 254"):
        consolidate(answer("ann", GOOD), labels=[*labels, "one more"])


def crowd(rng, workers=5, size=(97, 61)):
    """Answers of workers who paint the same few ellipses with unsteady hands."""
    truth = [
        [rng.randrange(side) for side in size] + [rng.randrange(4, 30), rng.choice(LABELS)] for _ in range(9)
    ]
    answers = []
    for number in range(workers):
        image = Image.new("RGBA", size)
        draw = ImageDraw.Draw(image)
        for x, y, radius, label in truth:
            x, y = x + rng.randint(-3, 3), y + rng.randint(-3, 3)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rgb(COLOURS[label]))
        answers.append(answer(f"worker {number}", png_of(image), size=size))
    return answers


def test_the_order_of_answers_changes_no_byte_and_neither_does_a_second_call(consolidation):
    rng = random.Random(3)

    def call(answers):
        written = []
        results = consolidation.consolidate(
            [{"datasetObjectId": "1", "annotations": answers}],
            "animals",
            LABELS,
            None,
            lambda object_id, png: written.append(png) or f"s3://masks/{object_id}",
        )
        return json.dumps(results), written

    for workers in (1, 2, 3, 9):
        answers = crowd(rng, workers)
        expected = call(answers)
        assert call(answers) == expected
        for _ in range(3):
            rng.shuffle(answers)
            assert call(answers) == expected


def test_bands_change_nothing(consolidate, monkeypatch):
    import pictures

    answers = crowd(random.Random(8))
    label, mask = consolidate(*answers)
    monkeypatch.setattr(pictures, "BAND", 200)
    again, in_bands = consolidate(*answers)
    assert again == label
    assert numpy.array_equal(mask, in_bands)


def test_the_votes_are_those_of_a_plain_count(consolidate):
    """Beside a count that is too slow for images but cannot be misread."""
    answers = crowd(random.Random(9), workers=4, size=(31, 23))
    label, mask = consolidate(*answers)
    alone = [names_in(consolidate(one)[1]) for one in answers]
    order = [None, *LABELS]
    shares = []
    for y, row in enumerate(names_in(mask)):
        for x, result in enumerate(row):
            votes = [worker[y][x] for worker in alone]
            assert result == max(order, key=lambda name: (votes.count(name), -order.index(name)))
            if any(votes):
                shares.append(votes.count(result) / 4)
    assert label["internal-color-map"]["0"]["confidence"] == round(sum(shares) / len(shares), 4)
