"""Single failures injected into small runs on 3 ranks: none may hang, give a wrong result, or end without one message.

python3 injection.py [--full] [--limit N] [--jobs N] [--scenario NAME] [--kind NAME] [--keep DIR]

Each scenario runs once with a trace of every call that can fail. The points are then tried one by one: of each place in
the program on each rank the first call and the last one, or with --full every call. THALWEG_INJECT_PROGRAM is the
program (inject.c), MPIRUN and MPIRUN_FLAGS start it. After each failure the same command goes on with --resume,
undisturbed, and must end with the results of a run without failures.
"""
import argparse
import collections
import concurrent.futures
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

try:
    import h5py
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

RANKS = 3
SECONDS = 10  # the longest that a case may take
PROGRAM = os.environ.get("THALWEG_INJECT_PROGRAM", "")
MPIRUN = [os.environ.get("MPIRUN", "mpirun")] + os.environ.get(
    "MPIRUN_FLAGS", "--allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1").split()


class Scenario:
    """A command in a folder of its own. prepare: commands that run before it, once; resumes: --resume may be added;
    only_new: only places that no scenario before it has come to."""

    def __init__(self, name, files, command, output="out", prepare=(), resumes=True, resume_ranks=1, only_new=False):
        self.name, self.files, self.command, self.output = name, files, command.split(), output
        self.prepare, self.resumes, self.resume_ranks = [c.split() for c in prepare], resumes, resume_ranks
        self.only_new = only_new


class Outcome:
    """How a call ended."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds
        self.messages = [line for line in err.splitlines() if line.startswith("thalweg")]


def call(folder, command, ranks, environment=()):
    """Runs the program; code None: it had to be ended."""
    line = (MPIRUN + ["-n", str(ranks)] if ranks > 1 else []) + [PROGRAM] + command
    started = time.monotonic()
    process = subprocess.Popen(line, cwd=folder, env={**os.environ, "OMP_WAIT_POLICY": "passive", **dict(environment)},
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors="replace", start_new_session=True)
    try:
        out, err = process.communicate(timeout=SECONDS)
        code = process.returncode
    except subprocess.TimeoutExpired:
        code = None
        os.killpg(process.pid, signal.SIGTERM)  # mpirun ends its ranks
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
    return Outcome(code, out, err, time.monotonic() - started)


def digest(path, folder):
    """What counts of a file of results below the folder of a case."""
    data = path.read_bytes().replace(str(folder).encode(), b"FOLDER")
    if path.name == "summary.json":
        summary = json.loads(data)
        return {key: summary.get(key) for key in ("theta_sha256", "cost", "steps", "runs", "stop_reason", "diverged")}
    if path.name in ("ranks.csv", "report.html") or path.name.startswith("theta1-"):
        return "with times"
    if path.name == "certificates.csv":  # says itself what is missing
        return {line for line in data.decode().splitlines() if ",not looked at," not in line and ",failed," not in line}
    if path.name in ("model.h5", "models.h5"):  # holds its date, or the names of files
        found = {}
        with h5py.File(path) as models:
            models.visititems(lambda name, item: found.update({name: hashlib.sha256(item[()].tobytes()).hexdigest()})
                              if isinstance(item, h5py.Dataset) else None)
        return found
    return hashlib.sha256(data).hexdigest()


def results(folder, output):
    """Files of results by name; what is unfinished by its name (checkpoints, journal, *.part) is none."""
    place = folder / output
    if place.is_file():
        return {output: digest(place, folder)}
    return {str(path.relative_to(place)): digest(path, folder) for path in sorted(place.rglob("*"))
            if path.is_file() and path.suffix != ".part" and
            not path.name.startswith(("journal.", "checkpoint-", "thalweg.lock"))}


class Prepared:
    """A scenario with its start folder, reference and points."""

    def __init__(self, scenario, work):
        self.scenario = scenario
        self.start = work / scenario.name / "start"
        self.start.mkdir(parents=True)
        for name, text in scenario.files.items():
            (self.start / name).parent.mkdir(parents=True, exist_ok=True)
            (self.start / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        for command in scenario.prepare:
            if command[0] == "damage":  # the run was killed before its end
                for pattern in command[1:]:
                    for path in self.start.glob(pattern):
                        path.unlink()
            elif command[0] == "cut":  # a file that lost its last bytes
                path = self.start / command[1]
                path.write_bytes(path.read_bytes()[:-int(command[2])])
            elif command[0].startswith("fail="):  # a run that does not come to its end
                outcome = call(self.start, command[1:], RANKS, {"THALWEG_INJECT": command[0][5:]}.items())
                assert outcome.code == 3, (scenario.name, command, outcome.err)
            else:
                outcome = call(self.start, command, RANKS)
                assert outcome.code == 0, (scenario.name, command, outcome.err)
        folder = work / scenario.name / "reference"
        shutil.copytree(self.start, folder)
        outcome = call(folder, scenario.command, RANKS, {"THALWEG_INJECT_TRACE": "trace"}.items())
        assert outcome.code == 0 and not outcome.messages, (scenario.name, outcome.code, outcome.err)
        self.stdout, self.reference = outcome.out, results(folder, scenario.output)
        self.calls = [[line.split() for line in (folder / f"trace.{rank}").read_text().splitlines()]
                      for rank in range(RANKS)]

    def points(self, full, seen):
        """(injection, kind, rank) of every point to try. seen: (kind, place, rank) of scenarios before, added to."""
        found = []
        for rank, calls in enumerate(self.calls):
            if self.scenario.only_new:
                calls = [c for c in calls if (c[0], c[3], rank) not in seen]
            seen.update((c[0], c[3], rank) for c in calls)
            places = collections.Counter((kind, place) for kind, _, _, place, _ in calls)
            for kind, number, _, place, _ in calls if full else []:
                found.append((f"{kind}:{number}:{rank}", kind, rank))
            for (kind, place), count in places.items() if not full else []:
                for number in sorted({1, count}):
                    found.append((f"{kind}@{place}:{number}:{rank}", kind, rank))
            for (kind, place), count in places.items():
                if kind == "reduce":
                    found.append((f"late@{place}:1:{rank}", "late", rank))
        return found


def judge(prepared, folder, outcome, kind, rank, failed):
    """What is wrong with the outcome of a case, as text; '' if nothing is."""
    here = results(folder, prepared.scenario.output)
    wrong = {name for name, content in here.items() if prepared.reference.get(name) != content}
    if outcome.code != 0:
        wrong = {name for name in wrong if not (isinstance(here[name], set) and here[name] <= prepared.reference[name])}
    if outcome.code is None:
        return f"hangs: ended after {SECONDS} s"
    if outcome.code == 0:
        if outcome.messages:
            return "exit code 0 with a message"
        if here != prepared.reference:
            return f"exit code 0 with other results: {sorted(wrong) or sorted(set(prepared.reference) - set(here))}"
        if not prepared.scenario.resumes and failed and outcome.out != prepared.stdout:
            return "exit code 0 with other output"
        return ""
    # mpirun has its own code for a rank that ends before MPI has begun, or without its end.
    if outcome.code not in ((1, 70) if failed and failed[0][2] in ("MPI_Init_thread", "MPI_Finalize") else (3, 70)):
        return f"exit code {outcome.code}"
    if not failed:
        return "fails without an injected failure"
    if len(outcome.messages) != 1:
        return f"{len(outcome.messages)} messages"
    if (rank > 0 or kind in ("reduce", "late")) and f"rank {rank}: " not in outcome.messages[0]:
        return "the message does not name the rank"
    if wrong:
        return f"wrong results after a failure: {sorted(wrong)}"
    return ""


def try_point(prepared, work, number, point):
    """One case: (what is wrong, how it ended, function, message)."""
    injection, kind, rank = point
    scenario = prepared.scenario
    for attempt in range(2):
        folder = work / scenario.name / f"case-{number}-{attempt}"
        shutil.copytree(prepared.start, folder)
        outcome = call(folder, scenario.command, RANKS,
                       {"THALWEG_INJECT": injection, "THALWEG_INJECT_TRACE": "trace"}.items())
        if outcome.code is not None:
            break  # a crowded machine gets a second chance, a program that hangs will hang again
    trace = folder / f"trace.{rank}"
    failed = [line.split() for line in trace.read_text().splitlines()] if trace.exists() else []
    wrong = judge(prepared, folder, outcome, kind, rank, failed)
    ending = "not reached" if not failed else "harmless" if outcome.code == 0 else "told"
    if not wrong and scenario.resumes and outcome.code != 0:
        command = scenario.command + ([] if "--resume" in scenario.command else ["--resume"])
        for _ in range(20):  # ranks of an ended job may hold the folder for a moment
            again = call(folder, command, scenario.resume_ranks)
            if again.code != 3 or "another process is writing" not in again.err:
                break
            time.sleep(0.25)
        if again.code != 0 or again.messages:
            wrong = f"--resume: exit code {again.code}: {again.messages}"
        elif results(folder, scenario.output) != prepared.reference:
            wrong = "--resume: other results"
    function = f"{failed[0][2]} {failed[0][4]}" if failed else "-"
    if not wrong:
        shutil.rmtree(folder)
    return wrong, ending, function, outcome


def csv_rows(count):
    return "".join(f"{i}.5,0.{i},{i * 2 % 7}\n" for i in range(1, count + 1))


def idx(sizes, values):
    """An IDX file of bytes."""
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}i", *sizes) + bytes(values)


def hdf5(rows):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["x"] = [[i / rows, (i * 5 % 7) / 7] for i in range(rows)]
        file["y"] = [[i % 3] for i in range(rows)]
    return content.getvalue()


def scenarios():
    files = {
        "small.csv": csv_rows(14),
        "images.idx.gz": gzip.compress(idx([12, 2, 2], [i * 37 % 256 for i in range(48)])),
        "labels.idx": idx([12], [i % 3 for i in range(12)]),
        "small.h5": hdf5(13),
        "idx.yaml": """\
data: {preset: none, source: idx, inputs: images.idx.gz, outputs: labels.idx, labels: true, scale_inputs: standard}
network: {hidden: [2], output: softmax}
loss: cross_entropy
method: {chunks: 3}
stop: {steps: 2}
threads: 1
""",
        "hdf5.yaml": """\
data: {preset: none, source: hdf5, inputs: "small.h5:x", outputs: "small.h5:y", storage: sparse}
network: {hidden: [3], activation: tanh, output: identity}
loss: square
method: {chunks: 3, reduction: plain}
initial: {file: first/model.h5}
stop: {steps: 2}
threads: 1
""",
        "train.yaml": """\
data: {preset: none, source: csv, inputs: "small.csv:0,1", outputs: "small.csv:2", header: false, test_fraction: 0.25}
network: {hidden: [3], activation: tanh, output: identity}
loss: square
method: {batch: 4, chunks: 4, update: adam, step_size: 0.01}
stop: {steps: 7}
metrics: {cost_every: 2, gradient_norm_every: 3, test_every: 4}
checkpoint: {every_steps: 3, keep: 2}
threads: 1
""",
        "sweep.yaml": """\
data: {preset: none, source: csv, inputs: "small.csv:0,1", outputs: "small.csv:2", header: false}
network: {activation: tanh, output: identity}
loss: square
method: {step_size: 0.01, chunks: 2}
stop: {steps: 5}
threads: 1
sweep:
  starts: 3
  widths: [1, 2]
  hidden_layers: [1]
  trajectories: [1]
  overrides: [{when: {widths: 2}, penalty: {l2: 0.001}}]
""",
    }
    digits = {
        "data/mnist/" + name: gzip.compress(content)
        for part in ("train", "t10k") for name, content in (
            (f"{part}-images-idx3-ubyte.gz", idx([12, 28, 28], [i * 37 % 256 for i in range(12 * 28 * 28)])),
            (f"{part}-labels-idx1-ubyte.gz", idx([12], [3, 6] * 6)))}
    return [
        Scenario("train", files, "train train.yaml --output out --quiet"),
        Scenario("train_resume", files, "train train.yaml --output out --quiet --resume",
                 prepare=["fail=fsync:7:0 train train.yaml --output out --quiet"]),
        Scenario("sweep", files, "sweep sweep.yaml --output out --quiet"),
        Scenario("sweep_groups", files, "sweep sweep.yaml --output out --quiet --set sweep.ranks_per_run=3",
                 resume_ranks=RANKS),
        Scenario("sweep_resume", files, "sweep sweep.yaml --output out --quiet --resume",
                 prepare=["sweep sweep.yaml --output out --quiet --keep-journal",
                          "damage out/runs.csv out/models.h5 out/summary.json out/trajectories.csv",
                          "cut out/journal.txt 300"]),
        Scenario("evaluate", files, "evaluate out/model.h5 --quiet --json", resumes=False,
                 prepare=["train train.yaml --output out --quiet"]),
        Scenario("predict", files, "predict out/model.h5 --output predictions.csv --quiet", "predictions.csv",
                 prepare=["train train.yaml --output out --quiet"], resumes=False),
        Scenario("train_idx", files, "train idx.yaml --output out --quiet", only_new=True),
        Scenario("train_hdf5", files, "train hdf5.yaml --output out --quiet", only_new=True,
                 prepare=["train train.yaml --output first --quiet --set method.batch=all"]),
        Scenario("certify", files, "certify swept/models.h5 --output verdicts --quiet", "verdicts", resumes=False,
                 prepare=["sweep sweep.yaml --output swept --quiet"]),
        Scenario("certify_run", files, "certify swept/models.h5:4 --output verdicts --quiet", "verdicts", resumes=False,
                 prepare=["sweep sweep.yaml --output swept --quiet"], only_new=True),
        Scenario("thesis_minima", {}, "thesis local-minima --no-figures --output out --quiet --set threads=1 "
                 "--set sweep.widths=[1,2] --set sweep.starts=2 --set stages.0.stop.steps=20 --set stages.1.stop.steps=5 "
                 "--set sweep.overrides=[]", only_new=True),
        Scenario("thesis_noise", digits, "thesis gradient-norm --no-figures --output out --quiet --set threads=1 "
                 "--set stop.steps=2 --data data", only_new=True),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="every call")
    parser.add_argument("--limit", type=int, default=0, help="points of a scenario: an even choice of this many")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scenario", action="append")
    parser.add_argument("--kind", action="append")
    parser.add_argument("--harmless", action="store_true", help="list calls whose failure changed nothing")
    parser.add_argument("--keep", help="folder that keeps what went wrong")
    o = parser.parse_args()
    if not PROGRAM or not shutil.which(MPIRUN[0]):
        print("skipped: no program (set THALWEG_INJECT_PROGRAM), or no mpirun")
        return 77
    work = pathlib.Path(o.keep or tempfile.mkdtemp(prefix="injection-"))
    work.mkdir(exist_ok=True)
    wrongs = cases = 0
    seen = set()
    for scenario in scenarios():
        if o.scenario and scenario.name not in o.scenario:
            continue
        prepared = Prepared(scenario, work)
        points = [p for p in prepared.points(o.full, seen) if not o.kind or p[1] in o.kind]
        if o.limit and len(points) > o.limit:
            points = sorted(points, key=lambda p: hashlib.sha256(p[0].encode()).digest())[:o.limit]
        endings, harmless = collections.Counter(), collections.Counter()
        begun, longest = time.monotonic(), 0
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            tried = pool.map(lambda case: (case[1], try_point(prepared, work, *case)), enumerate(points))
            for point, (wrong, ending, function, outcome) in tried:
                endings[point[1], ending] += 1
                if ending == "harmless":
                    harmless[point[1], function] += 1
                longest = max(longest, outcome.seconds)
                if wrong:
                    wrongs += 1
                    print(f"FAILED: {scenario.name} {point[0]} ({function}): {wrong}")
                    for line in outcome.messages[:4]:
                        print(f"    {line}")
                    sys.stdout.flush()
        cases += len(points)
        if o.harmless:
            print("\n".join(f"    harmless: {count} {' '.join(what)}" for what, count in sorted(harmless.items())))
        print(f"{scenario.name}: {len(points)} cases in {time.monotonic() - begun:.0f} s, the longest {longest:.1f} s")
        for kind in sorted({k for k, _ in endings}):
            print(f"    {kind}: " + ", ".join(f"{n} {ending}" for (k, ending), n in sorted(endings.items()) if k == kind))
        sys.stdout.flush()
    print(f"{cases} cases, {wrongs} wrong")
    if not o.keep:
        shutil.rmtree(work)
    return wrongs > 0


if __name__ == "__main__":
    sys.exit(main())
