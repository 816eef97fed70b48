"""A worker's way into the labeling portal: its JSON over HTTP, with the patience of a person."""

import time
from collections.abc import Callable

import httpx

PATIENCE = 300.0  # seconds that the portal may be away, for a restart
UNAVAILABLE = (502, 503, 504)


class Refused(Exception):
    """The portal answered with an error that trying again does not mend."""

    def __init__(self, response: httpx.Response):
        request = f"{response.request.method} {response.request.url.path}"
        super().__init__(f"{request}: {response.status_code} {response.text[:500]}")
        self.status = response.status_code


class PortalSession:
    """One worker, signed in when first needed and again when the portal has forgotten him.

    ``new_password`` sets a password for the worker and returns it.
    """

    def __init__(self, address: str, username: str, new_password: Callable[[], str]):
        self.username = username
        self.new_password = new_password
        self.csrf_token = ""
        # Without the environment's proxies: they do not lead to a portal on this machine.
        self.http = httpx.Client(base_url=address, timeout=60, trust_env=False)

    def close(self) -> None:
        self.http.close()

    def jobs(self) -> list[dict]:
        """The open jobs of the worker's teams."""
        return self._call("GET", "/api/jobs").json()["jobs"]

    def claim(self, job: str) -> dict | None:
        """A task of the job, or None while there is none for this worker."""
        response = self._call("POST", f"/api/jobs/{job}/claim", {})
        return None if response.status_code == 204 else response.json()

    def submit(self, task: dict, value: dict) -> bool:
        """Answer with the value of the task's element; False if the task is no longer this worker's."""
        return self._hand_in(task, "submit", {"answer": {task["element"]["name"]: value}})

    def decline(self, task: dict) -> bool:
        """Leave the task to others for good; False if it was no longer this worker's."""
        return self._hand_in(task, "decline", {})

    def _hand_in(self, task: dict, way: str, body: dict) -> bool:
        path, body = f"/api/tasks/{task['task']}/{way}", {"lease": task["lease"], **body}
        response = self._send("POST", path, body, task["csrf_token"])
        if response.status_code == 401:  # the task's token went with the session: a claim brings another
            again = self.claim(task["job"])
            if again is None or again["lease"] != task["lease"]:
                return False
            response = self._send("POST", path, body, again["csrf_token"])
        if response.is_error and response.status_code != 409:
            raise Refused(response)
        return response.is_success

    def _call(self, method: str, path: str, body: dict | None = None) -> httpx.Response:
        if not self.csrf_token:
            self._sign_in()
        response = self._send(method, path, body, self.csrf_token)
        if response.status_code == 401:
            self._sign_in()
            response = self._send(method, path, body, self.csrf_token)
        if response.is_error:
            raise Refused(response)
        return response

    def _sign_in(self) -> None:
        credentials = {"username": self.username, "password": self.new_password()}
        response = self._send("POST", "/api/sign-in", credentials)
        if response.is_error:
            raise Refused(response)
        self.csrf_token = response.json()["csrf_token"]

    def _send(self, method: str, path: str, body: dict | None, csrf_token: str = "") -> httpx.Response:
        """Every call may be repeated. Raises httpx.TransportError when the portal stays away."""
        headers = {"X-CSRF-Token": csrf_token} if csrf_token else {}
        deadline, pause = time.monotonic() + PATIENCE, 0.1
        while True:
            try:
                response = self.http.request(method, path, json=body, headers=headers)
                if response.status_code not in UNAVAILABLE or time.monotonic() > deadline:
                    return response
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 3)
