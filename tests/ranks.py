"""Processes that stand for the ranks of a distributed training on the CPU: started once, used by many tests."""

import multiprocessing
import os
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 90  # until a rank that does not answer counts as stuck


class Ranks:
    """Runs a function on so many ranks at a time, each time in a new process group."""

    def __init__(self, most: int) -> None:
        # Forked from a process that has done the imports and no more: they take longer than most tests.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["torch._dynamo", "torch.distributed.fsdp", "torchviz_tb.writer"])
        self._pipes, self._processes = [], []
        for rank in range(most):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, rank), daemon=True)
            process.start()
            self._pipes.append(here)
            self._processes.append(process)

    def run(self, world: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What the function, called with rank, world and the arguments, returns on each rank."""
        with tempfile.TemporaryDirectory() as folder:
            store = str(Path(folder, "store"))
            for pipe in self._pipes[:world]:
                pipe.send((store, world, function, arguments))
            answers = [self._answer(rank) for rank in range(world)]
        failed = [f"rank {rank}:\n{error}" for rank, (error, _) in enumerate(answers) if error]
        assert not failed, "\n".join(failed)
        return [result for _, result in answers]

    def stop(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(5)
            process.kill()

    def _answer(self, rank: int) -> tuple[str, Any]:
        if not self._pipes[rank].poll(SECONDS):
            self.stop()
            return f"did not answer within {SECONDS} s: deadlock", None
        return self._pipes[rank].recv()


def _serve(pipe: Any, rank: int) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    while True:
        try:
            store, world, function, arguments = pipe.recv()
        except EOFError:
            return
        dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
        try:
            pipe.send(("", function(rank, world, *arguments)))
        except Exception:  # noqa: BLE001 (the test says it)
            pipe.send((traceback.format_exc(), None))
        finally:
            dist.destroy_process_group()
