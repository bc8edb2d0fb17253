"""Several processes on one home."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import Event
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.runs import RunStore

Start = Callable[..., subprocess.Popen[str]]  # see conftest


def test_events_of_several_processes_get_numbers_without_gaps(store: RunStore, run: Run, start: Start) -> None:
    writers = [start("append", store.home, run.run, 100) for _ in range(4)]
    followed = [event.number for event in store.follow(run.run, until=lambda: all(writer.poll() is not None for writer in writers))]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert followed == list(range(1, 401))
    found = store.events(run.run)
    assert Counter(event.text for event in found) == {str(writer.pid): 100 for writer in writers}
    for writer in writers:  # each writer's own order is kept
        assert [event.time for event in found if event.text == str(writer.pid)] == [float(number) for number in range(100)]


def test_a_new_home_may_be_opened_by_all_at_once(home: Path, start: Start) -> None:
    creators = [start("create", home, 5) for _ in range(6)]
    said = [run for creator in creators for run in creator.communicate()[0].split()]
    assert [creator.returncode for creator in creators] == [0] * 6
    with RunStore(home) as store:
        assert sorted(found.run for found in store.list()) == sorted(said)
        assert len(said) == 30


def test_the_same_object_put_by_all_at_once(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "store"
    writers = [start("store", folder, 500_000, 60) for _ in range(4)]
    said = [set(writer.communicate()[0].split()) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    artifacts = LocalArtifacts(folder)
    assert said == [set(artifacts)] * 4
    assert (len(said[0]), [*artifacts.leftovers()]) == (3, [])


def test_threads_share_a_store(store: RunStore, run: Run) -> None:
    def work() -> None:
        for number in range(50):
            store.append(run.run, [Event(time=float(number), kind="stream")])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.number for event in store.events(run.run)] == list(range(1, 201))
