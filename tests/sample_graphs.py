"""Graphs for sample logs: the zoo's networks as they are recorded (needs torch), one of any size, hostile ones."""

from collections.abc import Iterator

import handmade

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.graph_folding import fold

_KINDS = ("aten.native_layer_norm", "aten.addmm", "aten.gelu", "aten.mul", "aten.add")


def networks() -> Iterator[tuple[str, pb.Graph]]:
    """Name and graph of each network, folded as the writer folds it."""
    import models

    from torchviz_tb.capture.graph import capture_graph

    for name in models.zoo_networks.NETWORKS:
        yield name, fold(capture_graph(*models.build(name)))


def impossible() -> dict[str, pb.Graph]:
    """Graphs that no writer of ours would write, and that can't be shown."""
    bomb = pb.Graph(blocks=[pb.Block(operations=[pb.Operation(name="aten.add")])], root=pb.BlockCall(block=7))
    for level in range(7):
        bomb.blocks.add(inner=[pb.BlockCall(block=level) for _ in range(10)])
    cycle, missing = handmade.chain_graph(_SHAPES), handmade.chain_graph(_SHAPES)
    cycle.operations[0].sources[0].operation = 2
    missing.outputs[0].source.operation = 99
    turning = pb.Graph(scopes=[pb.Scope(parent=1), pb.Scope(parent=0)])
    return {"bomb": bomb, "cycle": cycle, "missing": missing, "turning": turning}


_SHAPES = {"conv1.weight": (16, 1, 3, 3), "fc.weight": (10, 64)}

HOSTILE_NAMES = ("<img src=x onerror=alert(1)>", "x" * 1_000_000, "‮gnp.exe", "", "a/b:0", "\x00\x1b[31m", "layers.0")


def badly_named() -> pb.Graph:
    """Modules, operations, inputs and outputs with the names that hurt; each module twice under the same name."""
    graph = pb.Graph(model_type=HOSTILE_NAMES[0], mode=pb.CAPTURE_MODE_ADD_GRAPH, torch_version="2.13.0")
    graph.types.add(shape=[2, 3], dtype=HOSTILE_NAMES[0], device="cpu")
    graph.scopes.add(type=graph.model_type, training=True)
    for name in HOSTILE_NAMES * 2:
        graph.scopes.add(path=name, type=name, parent=0)
        graph.inputs.add(name=name)
        last = pb.Source(operation=len(graph.operations)) if graph.operations else pb.Source(input=1)
        sources = [last, pb.Source(input=len(graph.inputs))]
        graph.operations.add(name=name, scope=len(graph.scopes) - 1, sources=sources, outputs=[0])
        graph.outputs.add(name=name, type=0, source=pb.Source(operation=len(graph.operations)))
    return graph


def large(operations: int) -> pb.Graph:
    """About that many operations: stages of ten blocks of four layers of ten; each stage has its own width."""
    graph = pb.Graph(model_type="Large", mode=pb.CAPTURE_MODE_ADD_GRAPH, torch_version="2.13.0", files=["large.py"])
    graph.types.add(shape=[8, 128, 64], dtype="float32", device="cpu")
    graph.scopes.add(type="Large", training=True, file=1, line=10)
    graph.inputs.add(name="x", type=0)
    for stage in range(max(1, operations // 400)):
        graph.types.add(shape=[8, 128, 64 + stage], dtype="float32", device="cpu")
        path = f"stages.{stage}"
        _stage(graph, path, _scope(graph, path, "Stage", 0))
    graph.outputs.add(name="output", type=len(graph.types) - 1, source=pb.Source(operation=len(graph.operations)))
    return fold(graph)


def _stage(graph: pb.Graph, path: str, stage: int) -> None:
    for block in range(10):
        block_path = f"{path}.blocks.{block}"
        block_scope = _scope(graph, block_path, "Block", stage)
        for layer in range(4):
            _layer(graph, f"{block_path}.layer{layer}", block_scope)


def _layer(graph: pb.Graph, path: str, parent: int) -> None:
    scope = _scope(graph, path, "Layer", parent)
    width = len(graph.types) - 1
    graph.parameters.add(name=f"{path}.weight", type=width)
    graph.scopes[scope].parameters.append(len(graph.parameters) - 1)
    first = len(graph.operations)
    for number in range(10):
        source = pb.Source(operation=first + number) if first + number else pb.Source(input=1)
        sources = [source, pb.Source(operation=first)] if number == 9 and first else [source]
        graph.operations.add(
            name=_KINDS[number % 5],
            scope=scope,
            sources=sources,
            outputs=[width],
            flops=2 * 8 * 128 * 64 * 64 if number % 5 == 1 else 0,
            parameters=[len(graph.parameters) - 1] if number % 5 == 1 else [],
        )


def _scope(graph: pb.Graph, path: str, kind: str, parent: int) -> int:
    graph.scopes.add(path=path, type=kind, parent=parent, training=True, file=1, line=20)
    return len(graph.scopes) - 1
