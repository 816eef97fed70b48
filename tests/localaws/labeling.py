"""Labeling jobs as a user of AWS makes them, and workers as the portal's HTTP knows them."""

import contextlib
import io
import json
import secrets
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterable

import httpx
from PIL import Image

PASSWORD = "Boxes-4-everyone!"
ROLE = "arn:aws:iam::000000000000:role/labeling"
PRE = "arn:aws:lambda:us-east-1:432418664414:function:PRE-BoundingBox"
ACS = "arn:aws:lambda:us-east-1:432418664414:function:ACS-BoundingBox"
WIDTH, HEIGHT = 60, 40
LABELS = ["dog", "cat"]
ENDS = ("Completed", "Failed", "Stopped")
TEMPLATE = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-bounding-box name="boundingBox" src="{{ task.input.taskObject | grant_read_access }}"
      header="{{ task.input.header }}" labels="{{ task.input.labels | to_json | escape }}">
    <full-instructions header="Boxes">Draw tightly.</full-instructions>
    <short-instructions>Draw tightly.</short-instructions>
  </crowd-bounding-box>
</crowd-form>
"""


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60.0):
    """The first true value of ``condition``; a test that waits in vain says for what."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return value


def picture(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "JPEG")
    return file.getvalue()


def box(left: int, label: str = "dog", **changes) -> dict:
    return {"height": 10, "label": label, "left": left, "top": 6, "width": 20} | changes


def answer(*boxes: dict, width: int = WIDTH, height: int = HEIGHT) -> dict:
    size = {"height": height, "width": width}
    return {"boundingBox": {"boundingBoxes": list(boxes), "inputImageProperties": size}}


def function_zip(source: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", source)
    return packed.getvalue()


class Worker:
    """A member of a work team, signed in at the portal."""

    def __init__(self, portal: str, username: str, password: str = PASSWORD):
        self.http = httpx.Client(base_url=portal, timeout=60)
        reply = self.http.post("/api/sign-in", json={"username": username, "password": password})
        assert reply.status_code == 200, reply.text
        self.me = reply.json()
        self.http.headers["X-CSRF-Token"] = self.me["csrf_token"]
        self.id = self.me["worker"]

    def jobs(self) -> dict[str, dict]:
        reply = self.http.get("/api/jobs")
        assert reply.status_code == 200, reply.text
        return {job["name"]: job for job in reply.json()["jobs"]}

    def ask(self, job: str) -> httpx.Response:
        return self.http.post(f"/api/jobs/{job}/claim")

    def claim(self, job: str) -> dict | None:
        reply = self.ask(job)
        assert reply.status_code in (200, 204), reply.text
        return reply.json() if reply.status_code == 200 else None

    def act(self, task: dict, way: str, **body: object) -> httpx.Response:
        """``way``: submit, release, decline, draft, stop or activity."""
        return self.http.post(
            f"/api/tasks/{task['task']}/{way}",
            json={"lease": task["lease"], **body},
            headers={"X-CSRF-Token": task["csrf_token"]},
        )

    def hand_in(self, task: dict, given: object) -> httpx.Response:
        return self.act(task, "submit", answer=given)

    def label_all(self, job: str, draw: Callable[[dict], Iterable[dict]]) -> list[dict]:
        """Answer what there is with ``draw(task)``'s boxes; the tasks that were answered."""
        done = []
        while task := self.claim(job):
            reply = self.hand_in(task, answer(*draw(task)))
            assert reply.status_code == 200, reply.text
            done.append(task)
        return done


class Studio:
    """A bucket, a work team and its workers; with names of its own, so that many fit on one server."""

    def __init__(self, stand_in, workers: int = 3):
        self.stand_in = stand_in
        self.name = f"studio-{secrets.token_hex(4)}"
        self.sagemaker, self.s3 = stand_in.client("sagemaker"), stand_in.client("s3")
        self.cognito = stand_in.client("cognito-idp")
        self.bucket = self.name
        self.s3.create_bucket(Bucket=self.bucket)
        self.write("labels.json", json.dumps({"labels": [{"label": label} for label in LABELS]}))
        self.write("template.liquid.html", TEMPLATE)
        self.pool, self.client = self.workforce()
        self.team_arn = self.team(self.name)
        self.usernames = [f"{self.name}-{number}" for number in range(workers)]
        for username in self.usernames:
            self.add_user(username)
            self.join(username, self.name)

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *error: object) -> None:
        """Leave, so that others may have a team: a region takes 25 of them."""
        paginator = self.sagemaker.get_paginator("list_labeling_jobs_for_workteam")
        for page in paginator.paginate(WorkteamArn=self.team_arn):
            for job in page["LabelingJobSummaryList"]:
                name = job["LabelingJobName"]
                if self.describe(name)["LabelingJobStatus"] not in ENDS:
                    with contextlib.suppress(self.sagemaker.exceptions.ClientError):  # it ends just now
                        self.sagemaker.stop_labeling_job(LabelingJobName=name)
                    wait_for(
                        lambda name=name: self.describe(name)["LabelingJobStatus"] in ENDS, f"{name} to end"
                    )
        self.sagemaker.delete_workteam(WorkteamName=self.name)

    def workforce(self) -> tuple[str, str]:
        """There is one per region: whoever comes first makes it."""
        found = self.sagemaker.list_workforces()["Workforces"]
        if not found:
            pool = self.cognito.create_user_pool(PoolName=self.name)["UserPool"]["Id"]
            client = self.cognito.create_user_pool_client(
                UserPoolId=pool, ClientName=self.name, GenerateSecret=True
            )["UserPoolClient"]["ClientId"]
            config = {"UserPool": pool, "ClientId": client}
            self.sagemaker.create_workforce(WorkforceName="default", CognitoConfig=config)
            return pool, client
        return found[0]["CognitoConfig"]["UserPool"], found[0]["CognitoConfig"]["ClientId"]

    def team(self, name: str) -> str:
        self.cognito.create_group(UserPoolId=self.pool, GroupName=name)
        member = {"UserPool": self.pool, "UserGroup": name, "ClientId": self.client}
        return self.sagemaker.create_workteam(
            WorkteamName=name,
            Description="people who draw boxes",
            MemberDefinitions=[{"CognitoMemberDefinition": member}],
        )["WorkteamArn"]

    def add_user(self, username: str) -> None:
        user = {"UserPoolId": self.pool, "Username": username}
        self.cognito.admin_create_user(**user, TemporaryPassword=PASSWORD + "x")
        self.cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)

    def join(self, username: str, group: str) -> None:
        self.cognito.admin_add_user_to_group(UserPoolId=self.pool, Username=username, GroupName=group)

    def worker(self, number: int = 0) -> Worker:
        return Worker(self.stand_in.portal, self.usernames[number])

    def workers(self) -> list[Worker]:
        return [self.worker(number) for number in range(len(self.usernames))]

    def write(self, key: str, body: str | bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key.removeprefix(f"s3://{self.bucket}/"))[
            "Body"
        ].read()

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])]

    def pictures(self, count: int) -> list[str]:
        return [self.write(f"images/{number}.jpg", picture()) for number in range(count)]

    def manifest(self, *lines: dict | str) -> str:
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        return self.write(f"{secrets.token_hex(4)}.manifest", text)

    def function(self, source: str, timeout: int = 10) -> str:
        """Deploy a function of one's own; its handler is ``handle``."""
        return self.stand_in.client("lambda").create_function(
            FunctionName=f"LabelingFunction-{secrets.token_hex(4)}",
            Runtime="python3.12",
            Role=ROLE,
            Handler="handler.handle",
            Code={"ZipFile": function_zip(source)},
            Timeout=timeout,
        )["FunctionArn"]

    def request(self, manifest: str, **task) -> dict:
        """A CreateLabelingJob request; ``task`` changes HumanTaskConfig."""
        return {
            "LabelingJobName": f"{self.name}-{secrets.token_hex(3)}",
            "LabelAttributeName": "boxes",
            "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest}}},
            "OutputConfig": {"S3OutputPath": f"s3://{self.bucket}/output/"},
            "RoleArn": ROLE,
            "LabelCategoryConfigS3Uri": f"s3://{self.bucket}/labels.json",
            "HumanTaskConfig": {
                "WorkteamArn": self.team_arn,
                "UiConfig": {"UiTemplateS3Uri": f"s3://{self.bucket}/template.liquid.html"},
                "PreHumanTaskLambdaArn": PRE,
                "TaskTitle": "Boxes",
                "TaskDescription": "Draw boxes around the animals",
                "TaskKeywords": ["animals"],
                "NumberOfHumanWorkersPerDataObject": 1,
                "TaskTimeLimitInSeconds": 300,
                "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": ACS},
            }
            | task,
        }

    def create(self, manifest: str, changes: dict | None = None, **task) -> str:
        """Start a job and wait until it has tasks, or has ended; its name."""
        request = self.request(manifest, **task) | (changes or {})
        self.sagemaker.create_labeling_job(**request)
        name = request["LabelingJobName"]
        wait_for(lambda: self.describe(name)["LabelingJobStatus"] != "Initializing", f"{name} to begin")
        return name

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_labeling_job(LabelingJobName=name)

    def pass_time(self, name: str, seconds: float) -> None:
        """Let a job, its leases and its objects be that much older; their times are minutes at least."""
        with contextlib.closing(sqlite3.connect(self.stand_in.home / "ground_truth.sqlite3")) as database:
            database.execute(
                "UPDATE slot SET lease_until = lease_until - ? WHERE job = ?", (seconds, name.lower())
            )
            database.execute(
                "UPDATE object SET expires_at = expires_at - ? WHERE job = ?", (seconds, name.lower())
            )
            database.execute(
                "UPDATE document SET body = json_set(body, '$.CreationTime', "
                "json_extract(body, '$.CreationTime') - ?) WHERE kind = 'labeling-job' AND name = ?",
                (seconds, name.lower()),
            )
            database.commit()

    def change_slots(self, name: str, changes: str) -> None:
        """Change rows of a job's tasks; ``changes`` is SQL: assignments, and perhaps a WHERE."""
        assignments, _, condition = changes.partition(" WHERE ")
        with contextlib.closing(sqlite3.connect(self.stand_in.home / "ground_truth.sqlite3")) as database:
            database.execute(
                f"UPDATE slot SET {assignments} WHERE job = ? AND {condition or 'true'}", (name.lower(),)
            )
            database.commit()

    def finished(self, name: str, status: str = "Completed", seconds: float = 60.0) -> dict:
        """The job's description at its end, which must be ``status``."""
        wait_for(lambda: self.describe(name)["LabelingJobStatus"] in ENDS, f"{name} to end", seconds)
        job = self.describe(name)
        assert job["LabelingJobStatus"] == status, job.get("FailureReason")
        return job

    def output(self, name: str) -> list[dict]:
        uri = self.describe(name)["LabelingJobOutput"]["OutputDatasetS3Uri"]
        return [json.loads(line) for line in self.read(uri).splitlines()]
