"""A model's own code behind HTTP, as the PyTorch images serve it.

    python inference_toolkit.py FOLDER PROGRAM

The program may define model_fn, input_fn, predict_fn, output_fn, or transform_fn in place of the last three;
what it leaves out is done as sagemaker-pytorch-inference-toolkit does it. Runs alone inside of the container:
it imports nothing of the stand-in.
"""

import importlib.util
import inspect
import io
import json
import os
import signal
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sagemaker_inference.errors import BaseInferenceToolkitError  # beside this file, for the program too

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
TEXTS = (JSON, CSV)  # handed to input_fn as text
DEFAULT_ACCEPT = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)


class UnsupportedFormat(ValueError):
    def __init__(self, content_type: str):
        super().__init__(
            f"Content type {content_type} is not supported by this framework: implement input_fn to read the "
            "request, or output_fn to write the answer"
        )


class Model:
    """The program's functions and what its model_fn has loaded. One request at a time, as in a worker."""

    def __init__(self, folder: Path, program: str, model_folder: str):
        module = load(folder / program)
        self.handlers = {
            name: getattr(module, name, None) for name in ("input_fn", "predict_fn", "output_fn")
        }
        self.transform_fn = getattr(module, "transform_fn", None)
        if self.transform_fn and any(self.handlers.values()):
            raise ValueError(
                "transform_fn takes the place of input_fn, predict_fn and output_fn: define one kind"
            )
        self.handlers = {name: handler or DEFAULTS[name] for name, handler in self.handlers.items()}
        self.loaded = call(getattr(module, "model_fn", default_model_fn), model_folder)
        self.turn = threading.Lock()

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        data = body.decode() if content_type in TEXTS else body
        with self.turn:
            if self.transform_fn:
                result = call(self.transform_fn, self.loaded, data, content_type, accept)
            else:
                value = call(self.handlers["input_fn"], data, content_type)
                prediction = call(self.handlers["predict_fn"], value, self.loaded)
                result = call(self.handlers["output_fn"], prediction, accept)
        answer, answer_type = result if isinstance(result, tuple) else (result, accept)
        return answer.encode() if isinstance(answer, str) else bytes(answer), answer_type


def load(path: Path):
    """The program as a module; an empty one where the model brings no code."""
    sys.path.insert(0, str(path.parent))
    if not path.is_file():
        return object()
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def call(function, *arguments):
    """Functions may ask for a context as their last parameter; there is none here."""
    expected = len(inspect.signature(function).parameters)
    return function(*arguments, None) if expected == len(arguments) + 1 else function(*arguments)


def default_model_fn(model_dir: str):
    import torch

    files = [path for path in Path(model_dir).iterdir() if path.suffix in (".pt", ".pth")]
    chosen = [path for path in files if path.name == "model.pt"] or files
    if len(chosen) != 1:
        names = sorted(path.name for path in files)
        raise ValueError(f"Exactly one .pth or .pt file is required for PyTorch models: {names}")
    return torch.jit.load(chosen[0], map_location=device()).to(device())


def default_input_fn(data, content_type: str):
    import numpy
    import torch

    if content_type == JSON:
        array = numpy.array(json.loads(data))
    elif content_type == CSV:
        array = numpy.genfromtxt(io.StringIO(data), delimiter=",")
    elif content_type == NPY:
        return torch.from_numpy(numpy.load(io.BytesIO(data))).to(device())
    else:
        raise UnsupportedFormat(content_type)
    return torch.FloatTensor(array).to(device())


def default_predict_fn(data, model):
    import torch

    with torch.no_grad():
        return model.eval()(data)


def default_output_fn(prediction, accept: str):
    import numpy

    if hasattr(prediction, "detach"):
        prediction = prediction.detach().cpu().numpy().tolist()
    for content_type in [part.partition(";")[0].strip() for part in accept.split(",")]:
        if content_type == JSON:
            return json.dumps(prediction), JSON
        stream = io.BytesIO()
        if content_type == CSV:
            numpy.savetxt(stream, numpy.atleast_1d(prediction), delimiter=",", fmt="%s")
            return stream.getvalue(), CSV
        if content_type == NPY:
            numpy.save(stream, prediction)
            return stream.getvalue(), NPY
    raise UnsupportedFormat(accept)


DEFAULTS = {
    "input_fn": default_input_fn,
    "predict_fn": default_predict_fn,
    "output_fn": default_output_fn,
}


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer's body does not wait until its headers have arrived
    model: Model

    def do_GET(self) -> None:
        self._send(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._send(404, b"", "text/plain")
            return
        accept = self.headers.get("Accept", "")
        try:
            answer, content_type = self.model.answer(
                body,
                self.headers.get("Content-Type", ""),
                DEFAULT_ACCEPT if accept in ("", "*/*") else accept,
            )
        except BaseInferenceToolkitError as problem:
            traceback.print_exc()
            self._send(problem.status_code, problem.message.encode(), "text/plain")
            return
        except Exception as problem:  # the model's own code: its words go to the caller, the trace to the log
            traceback.print_exc()
            status = 415 if isinstance(problem, UnsupportedFormat) else 500
            self._send(status, f"{type(problem).__name__}: {problem}".encode(), "text/plain")
            return
        self._send(200, answer, content_type)

    def log_message(self, form: str, *values) -> None:
        if getattr(self, "path", "") != "/ping":
            print(form % values, flush=True)

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # requests in flight are answered before the program ends
    request_queue_size = 128
    let_others = 0.05  # seconds: long for a worker that is free, short for a ping when none is

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.answered = threading.Condition()
        self.at_work = 0

    def get_request(self):
        """A worker that is busy lets the others take a request first: with all it could take at once, it
        would keep them waiting while others have nothing to do."""
        with self.answered:
            self.answered.wait_for(lambda: not self.at_work, self.let_others)
        request = super().get_request()
        with self.answered:
            self.at_work += 1
        return request

    def shutdown_request(self, request) -> None:
        super().shutdown_request(request)
        with self.answered:
            self.at_work -= 1
            self.answered.notify()


def serve(server: Server, *program: str) -> None:
    Handler.model = Model(*program)
    # shutdown waits for serve_forever, which the signal has interrupted: so it needs a thread of its own.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()


def serve_in_workers(server: Server, count: int, *program: str) -> int:
    """``count`` processes take turns at one socket. Returns the exit code: when one is lost, all end."""
    server.socket.setblocking(False)  # a connection wakes all of them, and one gets it
    workers = []
    for _ in range(count):
        if (worker := os.fork()) == 0:
            try:
                serve(server, *program)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        workers.append(worker)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(worker, signal.SIGTERM) for worker in workers])
    failed = False
    while workers:
        worker, status = os.wait()
        workers.remove(worker)
        if status and not failed:
            failed = True
            for other in workers:
                os.kill(other, signal.SIGTERM)
    return int(failed)


def main() -> None:
    program = (
        Path(sys.argv[1]),
        sys.argv[2],
        os.path.join(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"), "model"),
    )
    server = Server(("127.0.0.1", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler)
    count = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or 1)
    if count > 1:
        sys.exit(serve_in_workers(server, count, *program))
    serve(server, *program)


if __name__ == "__main__":
    main()
