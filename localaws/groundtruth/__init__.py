"""Ground Truth: labeling jobs, work teams and the worker portal.

It works alone beside real AWS: all it knows of S3, Lambda and Cognito are boto3 clients.
"""

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette

from localaws.api import Clients, Identity
from localaws.groundtruth.batches import Batches
from localaws.groundtruth.consolidation import Consolidation
from localaws.groundtruth.course import Course
from localaws.groundtruth.engine import Engine
from localaws.groundtruth.files import Files
from localaws.groundtruth.functions import Functions
from localaws.groundtruth.jobs import Jobs
from localaws.groundtruth.labeling_jobs import LabelingJobs
from localaws.groundtruth.objects import Objects
from localaws.groundtruth.portal.api import image_address
from localaws.groundtruth.portal.app import make_portal
from localaws.groundtruth.portal.sessions import Sessions
from localaws.groundtruth.portal.signing import Signer
from localaws.groundtruth.portal.static_files import StaticFiles
from localaws.groundtruth.portal.workplace import Workplace
from localaws.groundtruth.preparation import Preparation
from localaws.groundtruth.requester.access import Access
from localaws.groundtruth.requester.app import RequesterApp, stable_address
from localaws.groundtruth.requester.reports import Reports
from localaws.groundtruth.requester.sessions import RequesterSessions
from localaws.groundtruth.tables import create_tables
from localaws.groundtruth.tasks import Tasks
from localaws.groundtruth.ui_templates import UiTemplates
from localaws.groundtruth.workforces import Workforces
from localaws.groundtruth.workteams import Workteams
from localaws.store import Store


class GroundTruth:
    def __init__(
        self,
        home: Path,
        identity: Identity,
        clients: Clients,
        tags: Any,
        portal_url: str,
        built_in_functions: Any = None,
    ):
        """``tags`` keeps the tags of SageMaker's resources: put(arn, list of {"Key", "Value"}).

        ``built_in_functions`` is what AWS's own functions are called through (``invoke``, as a boto3 client
        has it) where the rest of Lambda is another server's. Functions there cannot ask this server about a
        job, so their events tell them its task.
        """
        portal_url = portal_url.rstrip("/")
        store = Store(home / "ground_truth.sqlite3")
        create_tables(store.connection)
        signer = Signer(home / "portal-secret")
        stopping, static = threading.Event(), StaticFiles()
        files = Files(clients)
        functions = Functions(clients, stopping, identity.account, built_in_functions)
        jobs, objects, tasks, batches = Jobs(store), Objects(store), Tasks(store), Batches(store)
        consolidation = Consolidation(jobs, files, functions, batches)
        preparation = Preparation(files, functions, tell_task=built_in_functions is not None)
        course = Course(jobs, objects, tasks, batches, files, preparation, consolidation)
        self.engine = Engine(jobs, course, stopping)
        workforces = Workforces(store, identity, clients, tags, portal_url)
        workteams = Workteams(store, identity, clients, tags, jobs, workforces)
        self.implementations = [
            LabelingJobs(identity, jobs, objects, workteams, files, tags, self.engine.ring),
            workforces,
            workteams,
            UiTemplates(image_address(signer, portal_url), static, portal_url),
        ]
        workplace = Workplace(jobs, objects, tasks, workforces, workteams, clients)
        sessions = Sessions(store, signer)
        requester = RequesterApp(
            Access(clients, identity.account, urlsplit(portal_url).netloc),
            RequesterSessions(store),
            Reports(store, jobs, stable_address(signer)),
            static,
            secure=portal_url.startswith("https://"),
        )
        self.portal: Starlette = make_portal(
            portal_url, identity.region, workplace, sessions, signer, files, static, requester
        )

    def start(self) -> None:
        """Go on with every job that is not at its end. The server listens already: steps call it."""
        self.engine.start()

    def stop(self) -> None:
        self.engine.stop()
