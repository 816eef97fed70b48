"""A mistake in a loop's file is named with file, field and what would be right, before anything runs."""

import pytest
import yaml

from orchestration.loop import PROJECT, LoopError, load_loop
from tests.settings import LEAST

VERIFY = {"kind": "verification", "loop": "drinks", "attribute": "boxes"}
PRETRAINED = {"hyperparameters": {"backbone": "torchvision/resnet18"}}


@pytest.fixture
def written(tmp_path):
    def write(**changes):
        path = tmp_path / "foods.yaml"
        path.write_text(yaml.safe_dump(LEAST | changes))
        return path

    return write


def test_the_least_that_a_file_must_say_is_enough(written):
    loop = load_loop(written())
    assert loop.slug == "foods"
    assert loop.images_uri == "s3://labelloop-foods/photographs/"
    assert loop.splits.fractions == {"train": 0.7, "validation": 0.15, "test": 0.15}


def test_the_loop_of_the_readme_can_be_loaded():
    from orchestration.definitions import DEFAULT_LOOP

    assert load_loop(DEFAULT_LOOP).labels == ["ingredients", "nutrition", "barcode"]


@pytest.mark.parametrize(
    ("changes", "attribute", "kept", "trains"),
    [
        ({"task": "bounding_box"}, "boxes", "boxes", True),
        ({"task": "semantic_segmentation"}, "masks", "masks-ref", True),
        ({"task": "image_classification"}, "class", "class", False),
        ({"review": VERIFY}, "verified", "verified", False),
        ({"review": VERIFY | {"kind": "adjustment"}}, "adjusted", "adjusted", True),
        (
            {
                "task": "semantic_segmentation",
                "review": {"kind": "adjustment", "loop": "drinks", "attribute": "masks-ref"},
            },
            "adjusted",
            "adjusted-ref",
            True,
        ),
    ],
)
def test_every_kind_of_loop_names_its_labels_as_aws_would(written, changes, attribute, kept, trains):
    loop = load_loop(written(**changes))
    assert (loop.label_attribute, loop.kept_attribute, loop.can_train) == (attribute, kept, trains)


@pytest.mark.parametrize("file", sorted((PROJECT / "loops").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_loops_that_come_along_can_be_loaded_and_are_named_as_their_files(file):
    assert load_loop(file).name == file.stem


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": []}, r"labels: List should have at least 1 item"),
        ({"labels": ["a", "b", "a"]}, r"labels: 'a' stands there more than once"),
        ({"label": ["a"]}, r"label: there is no such setting; did you mean labels\?"),
        ({"name": "Foods & more"}, r"name: must match \^\[a-z\].* \(found 'Foods & more'\)"),
        ({"bucket": "My_Bucket"}, r"bucket: must match .* \(found 'My_Bucket'\)"),
        ({"images": "/photographs"}, r"images: must match .* \(found '/photographs'\)"),
        ({"functions": {"layers": ["numpy"]}}, r"functions.layers\[0\]: must match .* \(found 'numpy'\)"),
        (
            {"automation": {"batch_size": 0}},
            r"automation.batch_size: .* greater than or equal to 1 \(found 0\)",
        ),
        ({"automation": {"batchsize": 5}}, r"automation.batchsize: .* did you mean batch_size\?"),
        (
            {"automation": {"nightly_prediction": "at night"}},
            r"automation.nightly_prediction: not a cron expression: .* \(found 'at night'\)",
        ),
        (
            {"automation": {"selection": "best"}},
            r"automation.selection: .* 'random', 'uncertainty' or 'diversity' \(found 'best'\)",
        ),
        (
            {"automation": {"selection": "uncertainty"}, "task": "semantic_segmentation"},
            r"automation.selection: uncertainty goes by the scores .* semantic_segmentation has none",
        ),
        (
            {"automation": {"selection": "uncertainty"}, "transform": {"images": ["test"]}},
            r"automation.selection: .* add unlabeled to transform.images \(found \['test'\]\)",
        ),
        (
            {"labeling": LEAST["labeling"] | {"proposals": True}, "task": "semantic_segmentation"},
            r"labeling.proposals: only bounding_box .* found semantic_segmentation",
        ),
        (
            {"labeling": LEAST["labeling"] | {"gold_share": 0.1}, "task": "semantic_segmentation"},
            r"labeling.gold_share: only workers who draw boxes can be scored, found semantic_segmentation",
        ),
        (
            {"labeling": LEAST["labeling"] | {"gold_share": 0.6}},
            r"labeling.gold_share: .* less than or equal to 0.5 \(found 0.6\)",
        ),
        (
            {"labeling": LEAST["labeling"] | {"ask_again": 0.7}, "task": "semantic_segmentation"},
            r"labeling.ask_again: only boxes can be doubtful, found semantic_segmentation",
        ),
        (
            {"labeling": LEAST["labeling"] | {"ask_again": 0.7, "workers_per_object": 1}},
            r"labeling.ask_again: .* set labeling.workers_per_object to 2 or more \(found 1\)",
        ),
        ({"label_attribute": "known-answer"}, r"label_attribute: must not be .*known-answer"),
        (
            {"labeling": LEAST["labeling"] | {"proposals": True}, "review": VERIFY},
            r"labeling.proposals: only bounding_box .* found a review \(verification\)",
        ),
        (
            {"labeling": LEAST["labeling"] | {"consolidation": "average"}},
            r"labeling.consolidation: .* 'votes' or 'worker_quality' \(found 'average'\)",
        ),
        (
            {
                "labeling": LEAST["labeling"] | {"consolidation": "worker_quality"},
                "task": "image_classification",
            },
            r"labeling.consolidation: worker_quality is for boxes and masks, found image_classification",
        ),
        (
            {"label_attribute": "proposed-boxes"},
            r"label_attribute: must not be .* \(found 'proposed-boxes'\)",
        ),
        ({"images": "loops/"}, r"images: loops/ is where the loop keeps its own files"),
        (
            {"task": "boxes"},
            r"task: .* 'bounding_box', 'semantic_segmentation' or 'image_classification' \(found 'boxes'\)",
        ),
        (
            {"task": "semantic_segmentation", "label_attribute": "masks-ref"},
            r"label_attribute: must not .* end with -metadata or -ref \(found 'masks-ref'\)",
        ),
        ({"task": "image_classification", "labels": ["food"]}, r"labels: a choice needs at least two"),
        ({"review": VERIFY | {"kind": "audit"}}, r"review.kind: .* 'verification' or 'adjustment'"),
        ({"review": VERIFY | {"attribute": "my boxes"}}, r"review.attribute: must match"),
        ({"review": {"kind": "verification", "attribute": "boxes"}}, r"review: give either .* neither"),
        (
            {"review": VERIFY | {"manifest": "s3://bucket/output.manifest"}},
            r"review: give either loop \(its name\) or manifest \(an S3 URI\), found both",
        ),
        (
            {"review": VERIFY | {"loop": None, "manifest": "output.manifest"}},
            r"review.manifest: must match \^s3",
        ),
        ({"review": VERIFY, "label_attribute": "boxes"}, r"label_attribute: 'boxes' is the .* under review"),
        ({"review": VERIFY | {"loop": "foods"}}, r"review.loop: foods cannot review itself"),
        ({"review": VERIFY, "task": "image_classification"}, r"review: boxes and masks can be reviewed"),
        ({"review": VERIFY | {"atribute": "x"}}, r"review.atribute: .*; did you mean attribute\?"),
        ({"label_attribute": "my_boxes"}, r"label_attribute: must match"),
        ({"label_attribute": "boxes-ref"}, r"label_attribute: must not .* end with -metadata or -ref"),
        ({"splits": {"fractions": {"train": 0.9, "test": 0.1}}}, r"fractions: give all three"),
        (
            {"splits": {"fractions": {"train": 0.9, "validation": 0.2, "test": 0.1}}},
            r"splits.fractions: they add up to 1.2 and not to 1",
        ),
        ({"checks": {"min_agreement": 50}}, r"checks.min_agreement: .* less than or equal to 1 \(found 50\)"),
        ({"splits": {"freeze_test": "v1"}}, r"splits.freeze_test: must match .* \(found 'v1'\)"),
        ({"splits": {"group_pattern": "pack-(["}}, r"splits.group_pattern: not a regular expression"),
        ({"training": {"epochs": 3}}, r"training.epochs: there is no such setting; there are image_uri"),
        ({"training": {"instance_type": "p3.2xlarge"}}, r"training.instance_type: must match \^ml"),
        (
            {"training": {"hyperparameters": {"classes": "a"}}},
            r"training.hyperparameters: classes is set by the loop itself",
        ),
        (
            {"training": {"backbone_weights": "s3://labelloop-foods/resnet18.pth"}},
            r"training: backbone_weights: hyperparameters.backbone must name .*, found own",
        ),
        (
            {"training": {"backbone_weights": "s3://labelloop-foods/weights/"}},
            r"training.backbone_weights: must match",
        ),
        (
            {"training": PRETRAINED | {"backbone_weights": "s3://elsewhere/resnet18.pth"}},
            r"training.backbone_weights: must lie in s3://.* \(found 's3://elsewhere/resnet18.pth'\)",
        ),
        (
            {"training": {"hyperparameters": {"backbone_weights": "resnet18.pth"}}},
            r"training.hyperparameters: backbone_weights is set by the loop itself",
        ),
        ({"training": {"instance_count": 21}}, r"training.instance_count: .* less than or equal to 20"),
        ({"training": {"init_from": "newest"}}, r"training.init_from: .*'live' or 'none'"),
        ({"training": {"max_wait_seconds": 600}}, r"training: max_wait_seconds: only spot trainings wait"),
        (
            {"training": {"spot": True, "max_wait_seconds": 600}},
            r"training: max_wait_seconds: .* at least max_runtime_seconds \(3600\), found 600",
        ),
        ({"endpoint": {"instance_count": 0}}, r"endpoint.instance_count: .* greater than or equal to 1"),
        ({"labeling": {}}, r"labeling.title: must be given"),
        (
            {"labeling": LEAST["labeling"] | {"workers_per_object": 10}},
            r"labeling.workers_per_object: .* less than or equal to 9 \(found 10\)",
        ),
        (
            {"labeling": LEAST["labeling"] | {"template": "none.html"}},
            r"labeling.template: there is no file .*none.html",
        ),
        ({"team": {"emails": ["nobody"]}}, r"team.emails\[0\]: must match"),
    ],
)
def test_a_wrong_setting_is_named(written, changes, message):
    path = written(**changes)
    with pytest.raises(LoopError, match=message) as raised:
        load_loop(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_all_mistakes_are_named_at_once(written):
    with pytest.raises(LoopError) as raised:
        load_loop(written(labels=[], bucket="X", typo=1))
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected settings"),
        ("- a\n- b\n", "expected settings"),
        ("name: [", "not YAML"),
        ("name: foods\nname: drinks\n", "'name' stands there twice"),
        ("training: {epochs: 1, epochs: 2}\n", "'epochs' stands there twice"),
    ],
)
def test_what_is_no_loop_at_all_is_refused(tmp_path, text, message):
    path = tmp_path / "loop.yaml"
    path.write_text(text)
    with pytest.raises(LoopError, match=message):
        load_loop(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LoopError, match=r"none.yaml: cannot be read: No such file"):
        load_loop(tmp_path / "none.yaml")
