"""The least that a loop's file must say."""

LEAST = {
    "name": "foods",
    "bucket": "labelloop-foods",
    "images": "photographs/",
    "labels": ["ingredients", "nutrition"],
    "labeling": {
        "title": "Find the ingredients",
        "description": "Draw a box around each ingredients list",
        "keywords": ["boxes"],
        "instructions": "Draw tight boxes.",
    },
}
