"""Training jobs over HTTP: what a script finds, what becomes of what it leaves, and what is refused."""

import gzip
import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError

from tests.localaws.workshop import Workshop, augmented, channel, wait_for

# Reads the given FIFOs to their ends and keeps the records as hexadecimal text, one model file per epoch.
READ_RECORDS = """
import os, struct

MAGIC = 0xCED7230A

def records(stream):
    parts = []
    while header := stream.read(8):
        magic, word = struct.unpack("<II", header)
        assert magic == MAGIC, hex(magic)
        flag, length = word >> 29, word & (1 << 29) - 1
        parts.append(stream.read(length))
        stream.read(-length % 4)
        if flag in (0, 3):
            yield struct.pack("<I", MAGIC).join(parts)
            parts = []

for epoch in range(int(os.environ["SM_HP_EPOCHS"])):
    with open(f"/opt/ml/input/data/train_{epoch}", "rb") as pipe:
        found = [record.hex() for record in records(pipe)]
    with open(f"/opt/ml/model/{epoch}", "w") as file:
        file.write("\\n".join(found))
"""


@pytest.fixture(scope="session")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


def test_a_script_finds_the_container_contract_and_its_results_are_kept(workshop):
    script = """
        import json, os, sys
        config = "/opt/ml/input/config"
        facts = {
            "arguments": sys.argv[1:],
            "directory": os.getcwd(),
            "hyperparameters": json.load(open(config + "/hyperparameters.json")),
            "resources": json.load(open(config + "/resourceconfig.json")),
            "environment": dict(os.environ),
        }
        print("loss=0.5; mAP=0.25;")
        print("loss=nonsense; mAP=0.75;")
        json.dump(facts, open(os.environ["SM_MODEL_DIR"] + "/facts.json", "w"))
        open(os.environ["SM_OUTPUT_DATA_DIR"] + "/report.txt", "w").write("for people")
    """
    definitions = [{"Name": name, "Regex": f"{name}=([^;]+)"} for name in ("loss", "mAP", "never")]
    name = workshop.train(
        script,
        HyperParameters={"epochs": "3", "classes": '"[\\"a\\"]"', "note": "plain text"},
        AlgorithmSpecification={"MetricDefinitions": definitions},
        Environment={"OWN": "variable"},
    )
    job = workshop.trained(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    facts = json.loads(workshop.model_files(job)["facts.json"])
    assert facts["arguments"] == ["--classes", '["a"]', "--epochs", "3", "--note", "plain text"]
    assert facts["directory"] == "/opt/ml/code"
    assert facts["hyperparameters"]["epochs"] == "3", "hyperparameters reach the container as strings"
    assert facts["resources"]["hosts"] == ["algo-1"]
    environment = facts["environment"]
    assert environment["SM_MODEL_DIR"] == "/opt/ml/model"
    assert json.loads(environment["SM_HPS"]) == {"epochs": 3, "classes": '["a"]', "note": "plain text"}
    assert environment["SM_HP_EPOCHS"] == "3"
    assert environment["TRAINING_JOB_NAME"] == name
    assert environment["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert environment["OWN"] == "variable"
    moments = job["SecondaryStatusTransitions"]
    assert [moment["Status"] for moment in moments] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(
        before["EndTime"] == after["StartTime"] for before, after in zip(moments, moments[1:], strict=False)
    )
    assert {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]} == {
        "loss": 0.5,
        "mAP": 0.75,
    }
    output = workshop.get(f"s3://{workshop.bucket}/trained/{name}/output/output.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(output)) as tar:
        assert tar.getnames() == ["report.txt"]
    assert workshop.printed(name) == ["loss=0.5; mAP=0.25;", "loss=nonsense; mAP=0.75;"]


def test_file_channels_hold_the_objects_under_their_own_names(workshop):
    prefix = workshop.put("files/a.txt", "A").removesuffix("a.txt")
    workshop.put("files/deep/b.txt", "B")
    workshop.put("files-of-others/c.txt", "C")
    manifest = workshop.put("chosen.manifest", json.dumps([{"prefix": prefix}, "deep/b.txt"]))
    script = """
        import json, os
        found = {}
        for channel in json.loads(os.environ["SM_CHANNELS"]):
            folder = os.environ["SM_CHANNEL_" + channel.upper()]
            files = [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]
            found[channel] = sorted(os.path.relpath(file, folder) for file in files)
        json.dump(found, open("/opt/ml/model/found.json", "w"))
    """
    name = workshop.train(
        script,
        InputDataConfig=[
            channel(prefix, "all"),
            channel(f"s3://{workshop.bucket}/files/deep", "folder"),
            channel(manifest, "chosen", source={"S3DataType": "ManifestFile"}),
        ],
    )
    found = json.loads(workshop.model_files(workshop.trained(name))["found.json"])
    assert found == {"all": ["a.txt", "deep/b.txt"], "folder": ["b.txt"], "chosen": ["deep/b.txt"]}


def test_an_augmented_manifest_streams_objects_and_labels_epoch_after_epoch(workshop):
    # The magic number inside of a payload, aligned and not, would end a record too early.
    magic = bytes.fromhex("0a23d7ce")
    payloads = [b"\xff\xd8 one", magic + b"1234" + magic, b"123" + magic + b"5", b""]
    lines = [
        {"source-ref": workshop.put(f"pictures/{number}", payload), "boxes": {"number": number}}
        for number, payload in enumerate(payloads)
    ]
    body = "\r\n".join(json.dumps(line) for line in lines) + "\r\n\r\n"
    manifest = workshop.put("pairs.manifest", body)
    expected = [
        (payload.hex(), json.dumps({"number": number}).encode().hex())
        for number, payload in enumerate(payloads)
    ]

    def stream(shuffle: dict) -> str:
        return workshop.train(
            READ_RECORDS,
            HyperParameters={"epochs": "2"},
            InputDataConfig=[augmented(manifest, "source-ref", "boxes") | shuffle],
        )

    def pairs(name: str) -> list[list[tuple[str, str]]]:
        files = workshop.model_files(workshop.trained(name))
        epochs = [files[str(epoch)].split("\n") for epoch in range(2)]
        return [list(zip(epoch[::2], epoch[1::2], strict=True)) for epoch in epochs]

    seven = {"ShuffleConfig": {"Seed": 7}}
    in_order, shuffled, again = map(pairs, [stream({}), stream(seven), stream(seven)])
    assert in_order == [expected, expected]
    assert all(sorted(epoch) == sorted(expected) for epoch in shuffled)
    assert shuffled == again, "the seed decides the order"


def test_pipe_channels_stream_plain_and_compressed_objects(workshop):
    workshop.put("stream/1", gzip.compress(b"one "))
    prefix = workshop.put("stream/2", gzip.compress(b"two")).removesuffix("2")
    script = "open('/opt/ml/model/all', 'wb').write(open('/opt/ml/input/data/train_0', 'rb').read())"
    name = workshop.train(script, InputDataConfig=[channel(prefix, InputMode="Pipe", CompressionType="Gzip")])
    assert workshop.model_files(workshop.trained(name)) == {"all": "one two"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            '{"source-ref": "s3://%s/nowhere.jpg", "boxes": {}}',
            "line 2 of {uri}: source-ref: s3://{bucket}/nowhere.jpg",
        ),
        ("{not json", "line 2 of {uri} is not JSON"),
        ('{"source-ref": "s3://%s/nowhere.jpg"}', "line 2 of {uri} has no attribute 'boxes'"),
    ],
)
def test_a_bad_manifest_line_fails_the_job_and_is_named(workshop, line, reason):
    good = json.dumps({"source-ref": workshop.put("good.jpg", b"good"), "boxes": {}})
    bad = line.replace("%s", workshop.bucket)
    uri = workshop.put(f"bad/{len(line)}.manifest", f"{good}\n{bad}\n")
    name = workshop.train(
        READ_RECORDS, HyperParameters={"epochs": "1"}, InputDataConfig=[augmented(uri, "source-ref", "boxes")]
    )
    job = workshop.trained(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert reason.format(uri=uri, bucket=workshop.bucket) in job["FailureReason"]


def test_a_failing_script_says_why(workshop):
    jobs = {
        workshop.train(script): reason
        for script, reason in {
            "open('/opt/ml/output/failure', 'w').write('no boxes' + '!' * 2000); raise SystemExit(3)": (
                "AlgorithmError: no boxes!!!"
            ),
            "raise ValueError('boom')": 'ErrorMessage "ValueError: boom"',
            "import os; os.kill(os.getpid(), 9)": "exit code: 137",
            "import no_such_module": "exit code: 1",
        }.items()
    }
    for name, reason in jobs.items():
        job = workshop.trained(name)
        assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
        assert reason in job["FailureReason"]
        assert len(job["FailureReason"]) <= 1024
        assert "ModelArtifacts" not in job


def test_source_that_cannot_run_is_refused_by_name(workshop):
    hollow = workshop.train("", HyperParameters={"sagemaker_program": "other.py"})
    needy = workshop.train("")
    request = workshop.training_request("")
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, text in (("train.py", b""), ("requirements.txt", b"# ours\nno-such-package>=1\n")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    request["HyperParameters"]["sagemaker_submit_directory"] = workshop.put("needy.tar.gz", body.getvalue())
    workshop.sagemaker.create_training_job(**request)
    assert "holds no other.py" in workshop.trained(hollow)["FailureReason"]
    reason = workshop.trained(request["TrainingJobName"])["FailureReason"]
    assert "line 2 of requirements.txt: no-such-package is not installed" in reason
    assert workshop.trained(needy)["TrainingJobStatus"] == "Completed"


def test_an_unknown_image_fails_the_job_and_names_the_known_ones(workshop):
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0"
    job = workshop.trained(workshop.train("", AlgorithmSpecification={"TrainingImage": image}))
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert image in job["FailureReason"]
    assert "*/pytorch-training:*, */object-detection:1|latest" in job["FailureReason"]


def test_the_built_in_algorithm_runs_our_detector_under_its_own_hyperparameters(workshop):
    request = workshop.training_request("")
    image = "685385470294.dkr.ecr.eu-west-1.amazonaws.com/object-detection:latest"  # any region's registry
    request["AlgorithmSpecification"]["TrainingImage"] = image
    request["HyperParameters"] = {"num_classes": "3"}
    workshop.sagemaker.create_training_job(**request)
    job = workshop.trained(request["TrainingJobName"])
    assert "hyperparameter num_training_samples is required" in job["FailureReason"]
    (definition,) = job["AlgorithmSpecification"]["MetricDefinitions"]
    assert definition["Name"] == "validation:mAP"


def test_a_stopped_job_ends_in_its_own_time_and_keeps_its_model(workshop):
    script = """
        import signal, sys, time
        def end(*_):
            open("/opt/ml/model/saved", "w").write("in time")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(600)
    """
    name = workshop.train(script)
    wait_for(lambda: "ready" in workshop.printed(name), "the script to be ready")
    workshop.sagemaker.stop_training_job(TrainingJobName=name)
    job = workshop.trained(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert workshop.model_files(job) == {"saved": "in time"}
    assert "Stopping" in [moment["Status"] for moment in job["SecondaryStatusTransitions"]]
    with pytest.raises(ClientError, match="rejected because the training job is in status Stopped"):
        workshop.sagemaker.stop_training_job(TrainingJobName=name)


def test_a_job_over_its_time_is_stopped_and_says_so(workshop):
    script = "import time; open('/opt/ml/model/half', 'w').write('done'); time.sleep(600)"
    job = workshop.trained(workshop.train(script, StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert workshop.model_files(job) == {"half": "done"}


def test_checkpoints_come_from_s3_and_go_back_there(workshop):
    old = workshop.put("checkpoints/epoch-1", "first")
    script = """
        import os
        assert open("/opt/ml/checkpoints/epoch-1").read() == "first"
        os.makedirs("/opt/ml/checkpoints/best")
        open("/opt/ml/checkpoints/best/epoch-2", "w").write("second")
    """
    uri = old.removesuffix("/epoch-1")
    job = workshop.trained(workshop.train(script, CheckpointConfig={"S3Uri": uri}))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert workshop.get(f"{uri}/best/epoch-2") == b"second"


def test_an_entry_point_of_its_own_replaces_the_toolkit(workshop):
    folder = workshop.put("driver/run.sh", "echo driven $1 > /opt/ml/model/note").removesuffix("/run.sh")
    name = workshop.train(
        "raise SystemExit('not this one')",
        AlgorithmSpecification={
            "ContainerEntrypoint": ["/bin/sh"],
            "ContainerArguments": ["-c", "sh /opt/ml/input/data/driver/run.sh here"],
        },
        InputDataConfig=[channel(folder, "driver")],
    )
    assert workshop.model_files(workshop.trained(name)) == {"note": "driven here\n"}
