"""What lies under the mask element, module by module: raster, tiles, colours, PNG; and work stays bounded."""

import base64
import io
import random

import numpy as np
import pytest
from PIL import Image

from tests.browser.masks import TAG, template

LARGE = (4000, 3000)  # 12 megapixels


@pytest.fixture
def run(mount):
    """``run(body, argument)`` runs an async JavaScript function body; ``load(module)`` imports a module."""
    frame = mount("<crowd-form></crowd-form>").frame

    def call(body: str, argument: object = None):
        script = f"""async (argument) => {{
          const load = (name) => import(`/elements/${{name}}.js`);
          {body}
        }}"""
        return frame.evaluate(script, argument)

    return call


@pytest.mark.parametrize(
    "values",
    [
        [],
        [7],
        [0] * 16_384,
        [1] * 70_000,  # longer than one run can be
        [1, 2] * 500,  # would not shrink
        [0] * 600 + [1, 2, 3] + [255] * 600,
    ],
    ids=["nothing", "one", "a tile", "long", "noise", "mixed"],
)
def test_packed_bytes_come_back_and_never_grow(run, values):
    packed, unpacked = run(
        """const { pack, unpack } = await load("runs");
        const packed = pack(Uint8Array.from(argument));
        return [packed.length, [...unpack(packed, argument.length)]];""",
        values,
    )

    assert unpacked == values
    assert packed <= len(values)


def test_any_order_of_undo_and_redo_restores_every_pixel_and_count(run):
    """On an image whose last tiles are narrower, with random strokes, polygons and fills."""
    choose = random.Random(7)
    edits = [
        [choose.choice(["stroke", "polygon", "region"]), choose.randrange(4)]
        + [[choose.randrange(-20, 320), choose.randrange(-20, 220)] for _ in range(5)]
        for _ in range(40)
    ]
    problem = run(
        """const { MaskRaster, ink } = await load("mask-raster");
        const { paintStroke, paintPolygon, paintRegion } = await load("mask-drawing");
        const raster = new MaskRaster(300, 200);
        const states = [raster.pixels.slice()];
        const undo = [];
        for (const [kind, label, ...points] of argument) {
          raster.begin();
          if (kind === "stroke") paintStroke(raster, points[0], points[1], 31, ink(label));
          else if (kind === "polygon") paintPolygon(raster, points, ink(label, label || 1));
          else paintRegion(raster, ...points[0], ink(label));
          const patch = raster.end();
          if (!patch) continue;
          undo.push(patch);
          states.push(raster.pixels.slice());
        }
        const check = (state) => {
          const counts = new Uint32Array(256);
          for (const value of raster.pixels) counts[value]++;
          if (raster.pixels.some((value, i) => value !== states[state][i])) return `pixels of ${state}`;
          return counts.some((count, i) => count !== raster.counts[i]) ? `counts of ${state}` : "";
        };
        if (undo.length < 20) return "too few edits";
        const problems = [];
        const redo = [];
        for (let i = undo.length - 1; i >= 0; i--) {
          redo.push(raster.apply(undo[i]));
          problems.push(check(i));
        }
        for (let i = 1; redo.length; i++) {
          raster.apply(redo.pop());
          problems.push(check(i));
        }
        return problems.filter(Boolean).join();""",
        edits,
    )

    assert problem == ""


def test_a_cancelled_edit_leaves_no_trace(run):
    assert run(
        """const { MaskRaster, ink } = await load("mask-raster");
        const raster = new MaskRaster(300, 200);
        raster.begin();
        raster.paint(10, 0, 300, ink(1));
        raster.cancel();
        return [raster.empty, raster.editing, raster.pixels.some(Boolean), raster.takeDirty()];"""
    ) == [True, False, False, {"left": 0, "top": 0, "right": 300, "bottom": 128}]


def test_a_thin_stroke_has_no_gaps_in_any_direction(run):
    gaps = run(
        """const { MaskRaster, ink } = await load("mask-raster");
        const { paintStroke } = await load("mask-drawing");
        const gaps = [];
        for (let angle = 0; angle < 360; angle += 7) {
          const raster = new MaskRaster(101, 101);
          const [dx, dy] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
          raster.begin();
          paintStroke(raster, [50.5, 50.5], [50.5 + 40 * dx, 50.5 + 40 * dy], 1, ink(1));
          raster.end();
          if (raster.counts[1] < Math.floor(40 * Math.max(Math.abs(dx), Math.abs(dy)))) gaps.push(angle);
        }
        return gaps;"""
    )

    assert gaps == []


def test_a_written_png_is_read_the_same_by_others_and_by_the_browser(run):
    width, height = 301, 259  # more rows than one band
    mask = np.random.default_rng(3).integers(0, 4, (height, width), np.uint8)
    colours = ["#1f77b4", "#ff7f0e", "#010203"]
    encoded, seen = run(
        """const { encodeMask, toBase64, loadPicture, pictureBands } = await load("png");
        const { ColourReader } = await load("mask-labels");
        const { values, width, height, colours } = argument;
        const png = await encodeMask(Uint8Array.from(values), width, height, colours);
        const text = await toBase64(png);
        const picture = await loadPicture(`data:image/png;base64,${text}`);
        const reader = new ColourReader(colours.map((colour, i) => [i + 1, colour]));
        const seen = new Uint8Array(width * height);
        for (const { top, data } of pictureBands(picture)) reader.read(data, seen, top * width);
        return [text, [...seen]];""",
        {"values": mask.ravel().tolist(), "width": width, "height": height, "colours": colours},
    )

    image = Image.open(io.BytesIO(base64.b64decode(encoded)))
    image.load()  # checks the checksums
    palette = np.array([[0, 0, 0, 0], *([*bytes.fromhex(colour[1:]), 255] for colour in colours)])
    assert (np.asarray(image) == palette[mask]).all()
    assert seen == mask.ravel().tolist()


def test_colours_that_a_browser_has_altered_a_little_are_still_their_labels(run):
    assert run(
        """const { ColourReader } = await load("mask-labels");
        const reader = new ColourReader([[1, "#1f77b4"], [2, "#1f77b8"]]);
        const seen = new Uint8Array(5);
        const pixels = [[31, 119, 180, 255], [31, 119, 184, 255], [29, 121, 179, 255], [90, 90, 90, 255],
                        [31, 119, 180, 0]];
        reader.read(Uint8ClampedArray.from(pixels.flat()), seen, 0);
        return [[...seen], reader.unknown];"""
    ) == [[1, 2, 1, 0, 0], 1]


def test_sixty_labels_have_sixty_colours(run):
    colours = run(
        """const { MaskLabels } = await load("mask-labels");
        const labels = new MaskLabels();
        labels.labels = Array.from({ length: 60 }, (_, i) => `label ${i}`);
        return labels.colours;"""
    )

    assert len(set(colours)) == 60
    assert "#ffffff" not in colours


def test_more_labels_than_a_byte_has_values_are_refused(run):
    assert "at most 255 labels" in run(
        """const { MaskLabels } = await load("mask-labels");
        const labels = new MaskLabels();
        try {
          labels.labels = Array.from({ length: 256 }, (_, i) => `label ${i}`);
        } catch (problem) {
          return problem.message;
        }"""
    )


# ---- work that stays bounded on a large image


@pytest.fixture
def large(mount, pictures):
    picture = io.BytesIO()
    Image.new("RGB", LARGE, "#dfe5e8").save(picture, "PNG")
    pictures["large.png"] = picture.getvalue()
    return mount(template(picture="large.png"), TAG)


def test_a_stroke_on_a_large_image_repaints_and_keeps_only_what_it_touches(large):
    width, height = LARGE
    large.press(*["]"] * 10)  # to about 90 pixels
    large.element.evaluate(
        """element => {
          const { commit } = element;
          element.kept = [];
          element.commit = (patch) => {
            element.kept.push(patch.bytes);
            commit.call(element, patch);
          };
          Object.assign(element.overlay.work, { frames: 0, pixels: 0 });
        }"""
    )

    large.drag((width * 0.1, height * 0.5), (width * 0.9, height * 0.5))
    large.element.evaluate("() => new Promise(requestAnimationFrame)")

    work, kept, shown = large.element.evaluate(
        "({ overlay, kept }) => [overlay.work, kept, overlay.canvas.width * overlay.canvas.height]"
    )
    assert 0 < work["pixels"] < shown / 4  # of the screen, not of the image
    assert len(kept) == 1
    assert kept[0] < 100_000  # a copy of the whole mask would be 12,000,000


def test_the_history_of_a_noisy_large_mask_cannot_fill_the_memory(run):
    kept, steps = run(
        """const { History } = await load("history");
        const { MaskRaster, ink } = await load("mask-raster");
        const [width, height] = argument;
        const raster = new MaskRaster(width, height);
        let seed = 1;
        raster.load(Uint8Array.from(raster.pixels, () => (seed = (seed * 16807) % 2147483647) & 3));
        raster.begin();
        for (let y = 0; y < height; y++) raster.paint(y, 0, width, ink(4));
        const patch = raster.end(); // nothing of this can be packed
        const history = new History((entry) => entry);
        for (let step = 0; step < 200; step++) history.push(patch);
        let steps = 0;
        while (history.undo()) steps++;
        return [patch.bytes, steps];""",
        list(LARGE),
    )

    assert kept == LARGE[0] * LARGE[1]
    assert 1 < steps < 30


def test_a_large_mask_is_submitted_whole(large):
    width, height = LARGE
    large.press("g")
    large.click(10, 10)
    large.press("2", "b")
    large.click(width - 1, height - 1)

    answer = large.answer()["mask"]

    image = Image.open(io.BytesIO(base64.b64decode(answer["labeledImage"]["pngImageData"])))
    assert image.size == LARGE
    assert {colour for _, colour in image.getcolors()} == {(31, 119, 180, 255), (255, 127, 14, 255)}
    assert image.getpixel((width - 1, height - 1)) == (255, 127, 14, 255)
