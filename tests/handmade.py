"""Records built by hand from numpy arrays, straight from the words of records.proto.

Nothing here comes from torchviz_tb.capture: tests of the reading side use these as an independent writer.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import grid
from torchviz_tb.records.sites import sites_checksum

Floats = npt.NDArray[np.floating]

STAGES = {
    "parameter": pb.STAGE_PARAMETER,
    "raw_gradient": pb.STAGE_RAW_GRADIENT,
    "gradient": pb.STAGE_GRADIENT,
    "update": pb.STAGE_UPDATE,
    "activation": pb.STAGE_ACTIVATION,
}


def sites(shapes: Mapping[str, Sequence[int]], **common: object) -> pb.Sites:
    """A table of sites; ``common`` are fields that all of them share."""
    return pb.Sites(
        sites=[
            pb.Site(name=name, shape=shape, module=name.rpartition(".")[0], **{"dtype": "float32", **common})
            for name, shape in shapes.items()
        ]
    )


def statistics(names: Sequence[str], stages: Mapping[str, Sequence[Floats | int]], **fields: float) -> pb.Statistics:
    """Statistics of arrays; an integer in an array's place is the status of a site that was not measured."""
    record = pb.Statistics(site_count=len(names), sites_checksum=sites_checksum(names), **fields)
    for stage, tensors in stages.items():
        columns = record.stages.add(stage=STAGES[stage])
        for tensor in tensors:
            _append(columns, tensor)
            if stage == "update":
                columns.lost.append(0 if isinstance(tensor, int) else tensor.size // 10)
    return record


def _append(columns: pb.StageStatistics, tensor: Floats | int) -> None:
    values = np.zeros(0) if isinstance(tensor, int) else np.asarray(tensor, np.float64).ravel()
    finite = values[np.isfinite(values)]
    magnitude = np.abs(finite)
    some = finite.size > 0
    columns.status.append(tensor if isinstance(tensor, int) else pb.STATUS_MEASURED)
    columns.count.append(values.size)
    columns.zeros.append(int((values == 0).sum()))
    columns.nan.append(int(np.isnan(values).sum()))
    columns.pos_inf.append(int(np.isposinf(values).sum()))
    columns.neg_inf.append(int(np.isneginf(values).sum()))
    columns.min.append(finite.min() if some else np.nan)
    columns.max.append(finite.max() if some else np.nan)
    columns.mean.append(finite.mean() if some else np.nan)
    columns.std.append(finite.std() if some else np.nan)
    columns.abs_max.append(magnitude.max() if some else np.nan)
    columns.l1.append(magnitude.sum() if some else np.nan)
    columns.l2.append(np.sqrt((magnitude**2).sum()) if some else np.nan)


def flight_recorder(names: Sequence[str], norms: Mapping[int, Sequence[float]], **fields: object) -> pb.FlightRecorder:
    """A flight recorder of gradient norms by step; every gradient was measured."""
    record = pb.FlightRecorder(
        site_count=len(names), sites_checksum=sites_checksum(names), **{"trigger": pb.INCIDENT_NON_FINITE, **fields}
    )
    for step, row in norms.items():
        record.steps.add(step=step, gradient_norm=row, status=[pb.STATUS_MEASURED] * len(row))
    return record


def histogram(values: Floats, mantissa_bits: int = 3, taper_exponent: int = 0) -> pb.Histogram:
    """The histogram of an array, by the definition in records.proto."""
    values = np.asarray(values, np.float32).ravel()
    finite = values[np.isfinite(values) & (values != 0)]
    number = grid(mantissa_bits, taper_exponent).number(np.abs(finite).view(np.int32))
    index, counts = np.unique(np.where(finite > 0, number + 1, -(number + 1)), return_counts=True)
    infinities = [int(np.isneginf(values).sum()), int(np.isposinf(values).sum())]
    return pb.Histogram(
        mantissa_bits=mantissa_bits,
        taper_exponent=taper_exponent,
        first=int(index[0]) if index.size else 0,
        steps=np.diff(index).tolist(),
        counts=counts.tolist(),
        zeros=int((values == 0).sum()),
        nan=int(np.isnan(values).sum()),
        infinities=infinities if any(infinities) else [],
    )


def distributions(
    names: Sequence[str], stages: Mapping[str, Sequence[Floats | int]], bits: int = 3
) -> pb.Distributions:
    """Histograms of arrays; sites given as a status have no entry."""
    record = pb.Distributions(site_count=len(names), sites_checksum=sites_checksum(names))
    for stage, tensors in stages.items():
        for site, tensor in enumerate(tensors):
            if not isinstance(tensor, int):
                record.entries.add(site=site, stage=STAGES[stage], histogram=histogram(tensor, bits))
    return record


def log_bytes(magnitudes: Floats) -> pb.LogBytes:
    """Magnitudes as LogBytes."""
    x = np.abs(np.asarray(magnitudes, np.float64)).ravel()
    usable = x[np.isfinite(x) & (x > 0)]
    low, high = (float(usable.min()), float(usable.max())) if usable.size else (0.0, 0.0)
    codes = np.zeros(x.size, np.uint8)
    ordinary = np.isfinite(x) & (x > 0)
    span = np.log(high / low) if high > low else 0.0
    codes[ordinary] = 1 + (np.round(252 * np.log(x[ordinary] / low) / span) if span else 0)
    codes[np.isinf(x)] = 254
    codes[np.isnan(x)] = 255
    return pb.LogBytes(low=low, high=high, codes=codes.tobytes())


def heatmap(site: int, matrix: Floats) -> pb.Heatmap:
    """A matrix small enough to be kept cell by cell."""
    matrix = np.asarray(matrix, np.float64)
    rows, columns = matrix.shape
    magnitude = np.abs(matrix)
    mean = np.where(np.isfinite(matrix), matrix, 0.0)
    return pb.Heatmap(
        site=site,
        stage=pb.STAGE_GRADIENT,
        rows=rows,
        columns=columns,
        cell_rows=rows,
        cell_columns=columns,
        abs_max=log_bytes(magnitude),
        mean_magnitude=log_bytes(mean),
        mean_negative=np.packbits(mean.ravel() < 0, bitorder="little").tobytes(),
        row_max=log_bytes(magnitude.max(axis=1)),
        column_max=log_bytes(magnitude.max(axis=0)),
        dead_rows=_ranges((matrix == 0).all(axis=1)),
        dead_columns=_ranges((matrix == 0).all(axis=0)),
    )


def _ranges(dead: npt.NDArray[np.bool_]) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], dead, [False]]).astype(np.int8)))
    return np.diff(np.concatenate([[0], edges])).tolist()


def heatmaps(names: Sequence[str], matrices: Mapping[int, Floats]) -> pb.Heatmaps:
    """Heatmaps of the sites with these indices."""
    maps = [heatmap(site, matrix) for site, matrix in matrices.items()]
    return pb.Heatmaps(site_count=len(names), sites_checksum=sites_checksum(names), heatmaps=maps)


def tensor_view(name: str, values: Floats, axes: Sequence[str] = ()) -> pb.TensorView:
    """A whole float32 tensor."""
    return pb.TensorView(
        name=name,
        shape=values.shape,
        dtype="float32",
        values=values.astype("<f4").tobytes(),
        stored_dtype="float32",
        axes=axes,
    )


def chain_graph(shapes: Mapping[str, Sequence[int]]) -> pb.Graph:
    """A model whose modules run one after the other, one operation each."""
    graph = pb.Graph(model_type="Net", mode=pb.CAPTURE_MODE_TRAINING_STEP, torch_version="2.13.0")
    graph.scopes.add(path="", type="Net", training=True)
    graph.types.add(shape=[64, 1, 8, 8], dtype="float32", device="cpu")
    graph.inputs.add(name="input", type=0)
    scope_of: dict[str, int] = {}
    for name, shape in shapes.items():
        module = name.rpartition(".")[0]
        graph.types.add(shape=shape, dtype="float32", device="cpu")
        graph.parameters.add(name=name, type=len(graph.types) - 1)
        if module not in scope_of:
            scope_of[module] = _add_layer(graph, module, first=not scope_of)
        graph.scopes[scope_of[module]].parameters.append(len(graph.parameters) - 1)
        graph.operations[-1].parameters.append(len(graph.parameters) - 1)
    graph.outputs.add(name="output", type=0, source=pb.Source(operation=len(graph.operations)))
    return graph


def _add_layer(graph: pb.Graph, module: str, *, first: bool) -> int:
    is_convolution = module.startswith("conv")
    graph.scopes.add(path=module, type="Conv2d" if is_convolution else "Linear", parent=0, training=True)
    source = pb.Source(input=1) if first else pb.Source(operation=len(graph.operations))
    graph.operations.add(
        name="aten.convolution" if is_convolution else "aten.addmm",
        scope=len(graph.scopes) - 1,
        sources=[source],
        outputs=[0],
        flops=589824,
    )
    return len(graph.scopes) - 1
