"""The command that runs the benchmarks: what it refuses, what it leaves out and what it keeps."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import benchmarking
from orchestration.benchmarking import BENCHMARKS, PROJECT, Benchmark


def test_an_unknown_benchmark_is_refused_with_the_list_before_anything_runs(labelloop, tmp_path):
    home = tmp_path / "home"
    said = labelloop("bench", "consolidation", "speed", "--home", str(home))
    output = " ".join(said.output.split())
    assert said.status == 1 and "Traceback" not in output
    assert "there is no benchmark 'speed'" in output
    assert all(benchmark.name in output for benchmark in BENCHMARKS)
    assert not home.exists()


def test_a_benchmark_is_run_and_its_table_kept(labelloop, tmp_path):
    home = tmp_path / "home"
    said = labelloop("bench", "--quick", "consolidation", "--home", str(home))
    assert said.status == 0, said.output
    (file,) = (home / "benchmarks").glob("*-quick.txt")
    kept = file.read_text()
    told = ("cores", "== consolidation --quick", "boxes: 100 images", "-- consolidation: ", "min in all")
    for part in told:
        assert part in kept and part in said.output
    assert str(file) in said.output


@pytest.mark.parametrize("name", [[], ["absent"]], ids=["all of them", "named"])
def test_what_the_machine_lacks_fails_only_who_asked_for_it(labelloop, tmp_path, monkeypatch, name):
    absent = Benchmark("absent", "consolidation", lacks=lambda: "a microscope")
    monkeypatch.setattr(benchmarking, "BENCHMARKS", (absent,))
    said = labelloop("bench", *name, "--home", str(tmp_path))
    assert "it needs a microscope" in said.output
    assert said.status == len(name)


def test_a_benchmark_that_fails_is_told_and_keeps_no_other_from_running(labelloop, tmp_path, monkeypatch):
    broken = Benchmark("broken", "consolidation", "--no-such-option")
    whole = Benchmark("whole", "consolidation", "--quick")
    monkeypatch.setattr(benchmarking, "BENCHMARKS", (broken, whole))
    said = labelloop("bench", "--home", str(tmp_path))
    assert said.status == 1
    assert "FAILED with status 2" in said.output and "-- whole: " in said.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_bench_that_is_broken_off_leaves_no_benchmark_at_work(tmp_path, number):
    command = [sys.executable, "-u", "-m", "orchestration.cli", "bench", "endpoint", "--home", str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as bench:
        machines = (line for line in bench.stdout if "cores, " in line)
        next(machines), next(machines)  # that of the bench, and that of the benchmark
        (benchmark,) = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
        bench.send_signal(number)
        assert bench.wait(timeout=60) != 0
    for look_for in (os.kill, os.killpg):
        with pytest.raises(ProcessLookupError):
            look_for(int(benchmark), 0)


def test_every_benchmark_is_a_program_that_is_there():
    for benchmark in BENCHMARKS:
        assert (PROJECT / "benchmarks" / f"{benchmark.module}.py").is_file()
