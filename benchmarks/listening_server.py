"""A server of listening tests as a process that can be killed: the whole workbench, or its routes for listeners alone.

    python -m benchmarks.listening_server 8000     the routes alone, which start in a second
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 180
LOOK_SECONDS = 0.05
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port that nobody listens on, below those that systems give to connections: none of them takes it before it is used."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as asked, suppress(OSError):
            asked.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"No port between {PORTS[0]} and {PORTS[-1]} is free.")


class Server:
    """Starts at once, on a free port that it keeps over restarts.

    Args:
        folder: for its log and temporary files. studies: folder of studies. study: id of one that it has to serve.
        whole: the workbench as `python app.py` starts it, not the routes alone. environment: further variables.
    """

    def __init__(self, folder: Path, studies: Path, study: str, whole: bool, **environment: str):
        self.port = free_port()
        self.url, self.study = f"http://127.0.0.1:{self.port}", study
        self.log = folder / "server.log"
        alone = ("-m", "benchmarks.listening_server", str(self.port))
        self._command = [sys.executable, *(("app.py",) if whole else alone)]
        self._environment = os.environ | {
            "WORKBENCH_STUDIES": str(studies), "GRADIO_SERVER_PORT": str(self.port), "GRADIO_TEMP_DIR": str(folder / "gradio"),
            "PYTHONUNBUFFERED": "1"} | environment
        self.start()

    def start(self) -> float:
        """Seconds until it serves the study. Raises RuntimeError: it does not."""
        began = time.monotonic()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT)
        while time.monotonic() - began < START_SECONDS and self.process.poll() is None:
            if self._serves():
                return time.monotonic() - began
            time.sleep(LOOK_SECONDS)
        raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """As a power cut does it to a process: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 20) -> int:
        """As an operator does it; returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def cpu_seconds(self) -> float:
        """Of the process so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _serves(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/listen/{self.study}/about", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def main(port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette

    from workbench.listening.routes import listening_routes

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as app.py does; uvicorn passes the signal on when it has ended
    uvicorn.run(Starlette(routes=listening_routes()), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
