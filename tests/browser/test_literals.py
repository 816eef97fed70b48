"""The modules that need no page: the reader of JavaScript-like literals, and the colours."""

import json

import pytest

BOX = {"label": "a", "left": 1, "top": -2.5, "width": 0.5, "height": 100}


@pytest.fixture(scope="module")
def page(contexts, site):
    page = contexts(False).new_page()
    page.goto(f"{site.origin}/elements/index.js")
    yield page
    page.close()


def call(page, module: str, function: str, *arguments):
    script = """async ([module, name, given]) => {
      const found = await import(`/elements/${module}`);
      return JSON.stringify(found[name](...given) ?? null);
    }"""
    return json.loads(page.evaluate(script, [module, function, list(arguments)]))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("  ", None),
        ("['cat', \"dog\",]", ["cat", "dog"]),
        ("[{ label: 'a', left: 1, top: -2.5, width: .5, height: 1e2, },]", [BOX]),
        (
            '{\'it\\\'s\': "say \\"hi\\"\\n", 7: true, $x_y-z: null}',
            {"it's": 'say "hi"\n', "7": True, "$x_y-z": None},
        ),
        ("{a: {b: [[], {}, undefined]}}", {"a": {"b": [[], {}, None]}}),
        ("'\\x41\\u00e4\\q'", "Aäq"),
        ("  12  ", 12),
    ],
)
def test_literals_are_read_as_javascript_reads_them(page, text, value):
    assert call(page, "relaxed-json.js", "parseLiteral", text) == value


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2",
        "{a: 1",
        "'open",
        "{a 1}",
        "[1] 2",
        "alert(1)",
        "(() => 1)()",
        "{a: b}",
        "[,]",
        "'\\u00'",
        "[" * 100,
        "`x`",
        "{constructor: fetch('x')}",
    ],
)
def test_what_is_no_literal_is_refused(page, text):
    with pytest.raises(Exception, match="SyntaxError"):
        call(page, "relaxed-json.js", "parseLiteral", text)


def test_a_literal_cannot_reach_a_prototype(page):
    read = """async (text) => {
      const { parseLiteral } = await import("/elements/relaxed-json.js");
      const value = parseLiteral(text);
      return [Object.keys(value), value.polluted ?? null, {}.polluted ?? null];
    }"""
    assert page.evaluate(read, "{__proto__: {polluted: 1}, 'constructor': 2}") == [
        ["__proto__", "constructor"],
        None,
        None,
    ]


def test_the_first_ten_colours_are_ground_truths(page):
    colours = [call(page, "palette.js", "labelColour", index) for index in range(10)]
    assert colours == [
        "#1f77b4",
        "#ff7f0e",
        "#2ca02c",
        "#d62728",
        "#9467bd",
        "#8c564b",
        "#e377c2",
        "#7f7f7f",
        "#bcbd22",
        "#17becf",
    ]


def test_further_colours_follow_the_rule_that_everybody_shares(page):
    import colorsys
    import math

    def expected(index: int) -> str:
        hue = (index * 137.508) % 360 / 360
        channels = colorsys.hls_to_rgb(hue, 0.6 if index % 2 else 0.45, 0.65)
        return "#" + "".join(f"{math.floor(255 * channel + 0.5):02x}" for channel in channels)

    colours = [call(page, "palette.js", "labelColour", index) for index in range(10, 60)]
    assert colours == [expected(index) for index in range(10, 60)]
    assert len(set(colours)) == 50
