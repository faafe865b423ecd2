from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Compression(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPRESSION_UNSPECIFIED: _ClassVar[Compression]
    COMPRESSION_NONE: _ClassVar[Compression]
    COMPRESSION_ZLIB: _ClassVar[Compression]

class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_UNSPECIFIED: _ClassVar[Stage]
    STAGE_PARAMETER: _ClassVar[Stage]
    STAGE_GRADIENT: _ClassVar[Stage]
    STAGE_RAW_GRADIENT: _ClassVar[Stage]
    STAGE_UPDATE: _ClassVar[Stage]
    STAGE_ACTIVATION: _ClassVar[Stage]
    STAGE_TENSOR: _ClassVar[Stage]

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_UNSPECIFIED: _ClassVar[Status]
    STATUS_MEASURED: _ClassVar[Status]
    STATUS_NO_GRADIENT: _ClassVar[Status]
    STATUS_FROZEN: _ClassVar[Status]
    STATUS_UNSUPPORTED: _ClassVar[Status]
    STATUS_EXCLUDED: _ClassVar[Status]

class IncidentKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCIDENT_UNSPECIFIED: _ClassVar[IncidentKind]
    INCIDENT_NON_FINITE: _ClassVar[IncidentKind]
    INCIDENT_SKIPPED_STEP: _ClassVar[IncidentKind]
    INCIDENT_NORM_SPIKE: _ClassVar[IncidentKind]
    INCIDENT_LOSS_SPIKE: _ClassVar[IncidentKind]
    INCIDENT_EXCEPTION: _ClassVar[IncidentKind]
    INCIDENT_CADENCE: _ClassVar[IncidentKind]
    INCIDENT_LIMIT: _ClassVar[IncidentKind]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_ORIGIN: _ClassVar[Role]
    ROLE_PROPAGATION: _ClassVar[Role]

class CaptureMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAPTURE_MODE_UNSPECIFIED: _ClassVar[CaptureMode]
    CAPTURE_MODE_TRAINING_STEP: _ClassVar[CaptureMode]
    CAPTURE_MODE_ADD_GRAPH: _ClassVar[CaptureMode]
    CAPTURE_MODE_MODULES: _ClassVar[CaptureMode]
COMPRESSION_UNSPECIFIED: Compression
COMPRESSION_NONE: Compression
COMPRESSION_ZLIB: Compression
STAGE_UNSPECIFIED: Stage
STAGE_PARAMETER: Stage
STAGE_GRADIENT: Stage
STAGE_RAW_GRADIENT: Stage
STAGE_UPDATE: Stage
STAGE_ACTIVATION: Stage
STAGE_TENSOR: Stage
STATUS_UNSPECIFIED: Status
STATUS_MEASURED: Status
STATUS_NO_GRADIENT: Status
STATUS_FROZEN: Status
STATUS_UNSUPPORTED: Status
STATUS_EXCLUDED: Status
INCIDENT_UNSPECIFIED: IncidentKind
INCIDENT_NON_FINITE: IncidentKind
INCIDENT_SKIPPED_STEP: IncidentKind
INCIDENT_NORM_SPIKE: IncidentKind
INCIDENT_LOSS_SPIKE: IncidentKind
INCIDENT_EXCEPTION: IncidentKind
INCIDENT_CADENCE: IncidentKind
INCIDENT_LIMIT: IncidentKind
ROLE_UNSPECIFIED: Role
ROLE_ORIGIN: Role
ROLE_PROPAGATION: Role
CAPTURE_MODE_UNSPECIFIED: CaptureMode
CAPTURE_MODE_TRAINING_STEP: CaptureMode
CAPTURE_MODE_ADD_GRAPH: CaptureMode
CAPTURE_MODE_MODULES: CaptureMode

class Envelope(_message.Message):
    __slots__ = ("schema_version", "compression", "raw_size", "checksum", "payload")
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    RAW_SIZE_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    schema_version: int
    compression: Compression
    raw_size: int
    checksum: int
    payload: bytes
    def __init__(self, schema_version: _Optional[int] = ..., compression: _Optional[_Union[Compression, str]] = ..., raw_size: _Optional[int] = ..., checksum: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class PluginData(_message.Message):
    __slots__ = ("schema_version", "group")
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    schema_version: int
    group: str
    def __init__(self, schema_version: _Optional[int] = ..., group: _Optional[str] = ...) -> None: ...

class Site(_message.Message):
    __slots__ = ("name", "aliases", "shape", "dtype", "frozen", "module", "module_type", "device", "parameter_group", "output")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    MODULE_FIELD_NUMBER: _ClassVar[int]
    MODULE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_GROUP_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    name: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    frozen: bool
    module: str
    module_type: str
    device: str
    parameter_group: int
    output: bool
    def __init__(self, name: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., frozen: bool = ..., module: _Optional[str] = ..., module_type: _Optional[str] = ..., device: _Optional[str] = ..., parameter_group: _Optional[int] = ..., output: bool = ...) -> None: ...

class Sites(_message.Message):
    __slots__ = ("sites",)
    SITES_FIELD_NUMBER: _ClassVar[int]
    sites: _containers.RepeatedCompositeFieldContainer[Site]
    def __init__(self, sites: _Optional[_Iterable[_Union[Site, _Mapping]]] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("site", "text")
    SITE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    site: int
    text: str
    def __init__(self, site: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class StageStatistics(_message.Message):
    __slots__ = ("stage", "status", "reasons", "count", "zeros", "nan", "pos_inf", "neg_inf", "min", "max", "mean", "std", "abs_max", "l1", "l2", "lost", "complex_sites", "units", "dead_units")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ZEROS_FIELD_NUMBER: _ClassVar[int]
    NAN_FIELD_NUMBER: _ClassVar[int]
    POS_INF_FIELD_NUMBER: _ClassVar[int]
    NEG_INF_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STD_FIELD_NUMBER: _ClassVar[int]
    ABS_MAX_FIELD_NUMBER: _ClassVar[int]
    L1_FIELD_NUMBER: _ClassVar[int]
    L2_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    COMPLEX_SITES_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    DEAD_UNITS_FIELD_NUMBER: _ClassVar[int]
    stage: Stage
    status: _containers.RepeatedScalarFieldContainer[Status]
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    count: _containers.RepeatedScalarFieldContainer[int]
    zeros: _containers.RepeatedScalarFieldContainer[int]
    nan: _containers.RepeatedScalarFieldContainer[int]
    pos_inf: _containers.RepeatedScalarFieldContainer[int]
    neg_inf: _containers.RepeatedScalarFieldContainer[int]
    min: _containers.RepeatedScalarFieldContainer[float]
    max: _containers.RepeatedScalarFieldContainer[float]
    mean: _containers.RepeatedScalarFieldContainer[float]
    std: _containers.RepeatedScalarFieldContainer[float]
    abs_max: _containers.RepeatedScalarFieldContainer[float]
    l1: _containers.RepeatedScalarFieldContainer[float]
    l2: _containers.RepeatedScalarFieldContainer[float]
    lost: _containers.RepeatedScalarFieldContainer[int]
    complex_sites: _containers.RepeatedScalarFieldContainer[int]
    units: _containers.RepeatedScalarFieldContainer[int]
    dead_units: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, stage: _Optional[_Union[Stage, str]] = ..., status: _Optional[_Iterable[_Union[Status, str]]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., count: _Optional[_Iterable[int]] = ..., zeros: _Optional[_Iterable[int]] = ..., nan: _Optional[_Iterable[int]] = ..., pos_inf: _Optional[_Iterable[int]] = ..., neg_inf: _Optional[_Iterable[int]] = ..., min: _Optional[_Iterable[float]] = ..., max: _Optional[_Iterable[float]] = ..., mean: _Optional[_Iterable[float]] = ..., std: _Optional[_Iterable[float]] = ..., abs_max: _Optional[_Iterable[float]] = ..., l1: _Optional[_Iterable[float]] = ..., l2: _Optional[_Iterable[float]] = ..., lost: _Optional[_Iterable[int]] = ..., complex_sites: _Optional[_Iterable[int]] = ..., units: _Optional[_Iterable[int]] = ..., dead_units: _Optional[_Iterable[int]] = ...) -> None: ...

class Statistics(_message.Message):
    __slots__ = ("site_count", "sites_checksum", "stages", "sample_seconds", "gradient_scale", "step_seconds", "watch_share")
    SITE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SITES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_SCALE_FIELD_NUMBER: _ClassVar[int]
    STEP_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WATCH_SHARE_FIELD_NUMBER: _ClassVar[int]
    site_count: int
    sites_checksum: int
    stages: _containers.RepeatedCompositeFieldContainer[StageStatistics]
    sample_seconds: float
    gradient_scale: float
    step_seconds: float
    watch_share: float
    def __init__(self, site_count: _Optional[int] = ..., sites_checksum: _Optional[int] = ..., stages: _Optional[_Iterable[_Union[StageStatistics, _Mapping]]] = ..., sample_seconds: _Optional[float] = ..., gradient_scale: _Optional[float] = ..., step_seconds: _Optional[float] = ..., watch_share: _Optional[float] = ...) -> None: ...

class Incident(_message.Message):
    __slots__ = ("kind", "step", "site", "stage", "role", "first_bad_index", "reason", "before", "after", "gradient_scale", "module_type")
    KIND_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    FIRST_BAD_INDEX_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_SCALE_FIELD_NUMBER: _ClassVar[int]
    MODULE_TYPE_FIELD_NUMBER: _ClassVar[int]
    kind: IncidentKind
    step: int
    site: str
    stage: Stage
    role: Role
    first_bad_index: _containers.RepeatedScalarFieldContainer[int]
    reason: str
    before: float
    after: float
    gradient_scale: float
    module_type: str
    def __init__(self, kind: _Optional[_Union[IncidentKind, str]] = ..., step: _Optional[int] = ..., site: _Optional[str] = ..., stage: _Optional[_Union[Stage, str]] = ..., role: _Optional[_Union[Role, str]] = ..., first_bad_index: _Optional[_Iterable[int]] = ..., reason: _Optional[str] = ..., before: _Optional[float] = ..., after: _Optional[float] = ..., gradient_scale: _Optional[float] = ..., module_type: _Optional[str] = ...) -> None: ...

class Incidents(_message.Message):
    __slots__ = ("incidents",)
    INCIDENTS_FIELD_NUMBER: _ClassVar[int]
    incidents: _containers.RepeatedCompositeFieldContainer[Incident]
    def __init__(self, incidents: _Optional[_Iterable[_Union[Incident, _Mapping]]] = ...) -> None: ...

class RecordedStep(_message.Message):
    __slots__ = ("step", "status", "gradient_norm", "loss", "gradient_scale", "gradient_abs_max", "gradient_mean", "gradient_zero_share", "parameter_norm", "update_norm")
    STEP_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_NORM_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_SCALE_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_ABS_MAX_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_MEAN_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_ZERO_SHARE_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_NORM_FIELD_NUMBER: _ClassVar[int]
    UPDATE_NORM_FIELD_NUMBER: _ClassVar[int]
    step: int
    status: _containers.RepeatedScalarFieldContainer[Status]
    gradient_norm: _containers.RepeatedScalarFieldContainer[float]
    loss: float
    gradient_scale: float
    gradient_abs_max: _containers.RepeatedScalarFieldContainer[float]
    gradient_mean: _containers.RepeatedScalarFieldContainer[float]
    gradient_zero_share: _containers.RepeatedScalarFieldContainer[float]
    parameter_norm: _containers.RepeatedScalarFieldContainer[float]
    update_norm: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, step: _Optional[int] = ..., status: _Optional[_Iterable[_Union[Status, str]]] = ..., gradient_norm: _Optional[_Iterable[float]] = ..., loss: _Optional[float] = ..., gradient_scale: _Optional[float] = ..., gradient_abs_max: _Optional[_Iterable[float]] = ..., gradient_mean: _Optional[_Iterable[float]] = ..., gradient_zero_share: _Optional[_Iterable[float]] = ..., parameter_norm: _Optional[_Iterable[float]] = ..., update_norm: _Optional[_Iterable[float]] = ...) -> None: ...

class FlightRecorder(_message.Message):
    __slots__ = ("site_count", "sites_checksum", "trigger", "reason", "steps")
    SITE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SITES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    site_count: int
    sites_checksum: int
    trigger: IncidentKind
    reason: str
    steps: _containers.RepeatedCompositeFieldContainer[RecordedStep]
    def __init__(self, site_count: _Optional[int] = ..., sites_checksum: _Optional[int] = ..., trigger: _Optional[_Union[IncidentKind, str]] = ..., reason: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[RecordedStep, _Mapping]]] = ...) -> None: ...

class Histogram(_message.Message):
    __slots__ = ("mantissa_bits", "taper_exponent", "first", "steps", "counts", "zeros", "nan", "infinities")
    MANTISSA_BITS_FIELD_NUMBER: _ClassVar[int]
    TAPER_EXPONENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    ZEROS_FIELD_NUMBER: _ClassVar[int]
    NAN_FIELD_NUMBER: _ClassVar[int]
    INFINITIES_FIELD_NUMBER: _ClassVar[int]
    mantissa_bits: int
    taper_exponent: int
    first: int
    steps: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    zeros: int
    nan: int
    infinities: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, mantissa_bits: _Optional[int] = ..., taper_exponent: _Optional[int] = ..., first: _Optional[int] = ..., steps: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[int]] = ..., zeros: _Optional[int] = ..., nan: _Optional[int] = ..., infinities: _Optional[_Iterable[int]] = ...) -> None: ...

class DistributionEntry(_message.Message):
    __slots__ = ("site", "stage", "histogram")
    SITE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    site: int
    stage: Stage
    histogram: Histogram
    def __init__(self, site: _Optional[int] = ..., stage: _Optional[_Union[Stage, str]] = ..., histogram: _Optional[_Union[Histogram, _Mapping]] = ...) -> None: ...

class Distributions(_message.Message):
    __slots__ = ("site_count", "sites_checksum", "entries")
    SITE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SITES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    site_count: int
    sites_checksum: int
    entries: _containers.RepeatedCompositeFieldContainer[DistributionEntry]
    def __init__(self, site_count: _Optional[int] = ..., sites_checksum: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[DistributionEntry, _Mapping]]] = ...) -> None: ...

class LogBytes(_message.Message):
    __slots__ = ("low", "high", "codes")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    low: float
    high: float
    codes: bytes
    def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ..., codes: _Optional[bytes] = ...) -> None: ...

class Heatmap(_message.Message):
    __slots__ = ("site", "stage", "rows", "columns", "cell_rows", "cell_columns", "abs_max", "mean_magnitude", "mean_negative", "row_max", "column_max", "dead_rows", "dead_columns")
    SITE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CELL_ROWS_FIELD_NUMBER: _ClassVar[int]
    CELL_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ABS_MAX_FIELD_NUMBER: _ClassVar[int]
    MEAN_MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    MEAN_NEGATIVE_FIELD_NUMBER: _ClassVar[int]
    ROW_MAX_FIELD_NUMBER: _ClassVar[int]
    COLUMN_MAX_FIELD_NUMBER: _ClassVar[int]
    DEAD_ROWS_FIELD_NUMBER: _ClassVar[int]
    DEAD_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    site: int
    stage: Stage
    rows: int
    columns: int
    cell_rows: int
    cell_columns: int
    abs_max: LogBytes
    mean_magnitude: LogBytes
    mean_negative: bytes
    row_max: LogBytes
    column_max: LogBytes
    dead_rows: _containers.RepeatedScalarFieldContainer[int]
    dead_columns: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, site: _Optional[int] = ..., stage: _Optional[_Union[Stage, str]] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., cell_rows: _Optional[int] = ..., cell_columns: _Optional[int] = ..., abs_max: _Optional[_Union[LogBytes, _Mapping]] = ..., mean_magnitude: _Optional[_Union[LogBytes, _Mapping]] = ..., mean_negative: _Optional[bytes] = ..., row_max: _Optional[_Union[LogBytes, _Mapping]] = ..., column_max: _Optional[_Union[LogBytes, _Mapping]] = ..., dead_rows: _Optional[_Iterable[int]] = ..., dead_columns: _Optional[_Iterable[int]] = ...) -> None: ...

class Heatmaps(_message.Message):
    __slots__ = ("site_count", "sites_checksum", "heatmaps")
    SITE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SITES_CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    HEATMAPS_FIELD_NUMBER: _ClassVar[int]
    site_count: int
    sites_checksum: int
    heatmaps: _containers.RepeatedCompositeFieldContainer[Heatmap]
    def __init__(self, site_count: _Optional[int] = ..., sites_checksum: _Optional[int] = ..., heatmaps: _Optional[_Iterable[_Union[Heatmap, _Mapping]]] = ...) -> None: ...

class Scope(_message.Message):
    __slots__ = ("path", "type", "parent", "call", "parameters", "training", "file", "line")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    path: str
    type: str
    parent: int
    call: int
    parameters: _containers.RepeatedScalarFieldContainer[int]
    training: bool
    file: int
    line: int
    def __init__(self, path: _Optional[str] = ..., type: _Optional[str] = ..., parent: _Optional[int] = ..., call: _Optional[int] = ..., parameters: _Optional[_Iterable[int]] = ..., training: bool = ..., file: _Optional[int] = ..., line: _Optional[int] = ...) -> None: ...

class TensorType(_message.Message):
    __slots__ = ("shape", "dtype", "device")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    device: str
    def __init__(self, shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., device: _Optional[str] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("operation", "input")
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    operation: int
    input: int
    def __init__(self, operation: _Optional[int] = ..., input: _Optional[int] = ...) -> None: ...

class Attribute(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class FunctionCall(_message.Message):
    __slots__ = ("name", "scope", "file", "line")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    name: str
    scope: int
    file: int
    line: int
    def __init__(self, name: _Optional[str] = ..., scope: _Optional[int] = ..., file: _Optional[int] = ..., line: _Optional[int] = ...) -> None: ...

class BackwardOperation(_message.Message):
    __slots__ = ("name", "flops", "recomputed")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FLOPS_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTED_FIELD_NUMBER: _ClassVar[int]
    name: str
    flops: int
    recomputed: bool
    def __init__(self, name: _Optional[str] = ..., flops: _Optional[int] = ..., recomputed: bool = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("name", "scope", "sources", "outputs", "parameters", "flops", "source_types", "bytes", "attributes", "call", "backward", "flow")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    FLOPS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TYPES_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    name: str
    scope: int
    sources: _containers.RepeatedCompositeFieldContainer[Source]
    outputs: _containers.RepeatedScalarFieldContainer[int]
    parameters: _containers.RepeatedScalarFieldContainer[int]
    flops: int
    source_types: _containers.RepeatedScalarFieldContainer[int]
    bytes: int
    attributes: _containers.RepeatedScalarFieldContainer[int]
    call: int
    backward: _containers.RepeatedCompositeFieldContainer[BackwardOperation]
    flow: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., scope: _Optional[int] = ..., sources: _Optional[_Iterable[_Union[Source, _Mapping]]] = ..., outputs: _Optional[_Iterable[int]] = ..., parameters: _Optional[_Iterable[int]] = ..., flops: _Optional[int] = ..., source_types: _Optional[_Iterable[int]] = ..., bytes: _Optional[int] = ..., attributes: _Optional[_Iterable[int]] = ..., call: _Optional[int] = ..., backward: _Optional[_Iterable[_Union[BackwardOperation, _Mapping]]] = ..., flow: _Optional[_Iterable[int]] = ...) -> None: ...

class Block(_message.Message):
    __slots__ = ("type", "training", "file", "line", "parameters", "operations", "inner", "calls")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    INNER_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    type: str
    training: bool
    file: int
    line: int
    parameters: _containers.RepeatedScalarFieldContainer[int]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    inner: _containers.RepeatedCompositeFieldContainer[BlockCall]
    calls: _containers.RepeatedCompositeFieldContainer[FunctionCall]
    def __init__(self, type: _Optional[str] = ..., training: bool = ..., file: _Optional[int] = ..., line: _Optional[int] = ..., parameters: _Optional[_Iterable[int]] = ..., operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., inner: _Optional[_Iterable[_Union[BlockCall, _Mapping]]] = ..., calls: _Optional[_Iterable[_Union[FunctionCall, _Mapping]]] = ...) -> None: ...

class BlockCall(_message.Message):
    __slots__ = ("block", "position", "path", "absolute", "call", "ports", "parameters")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    block: int
    position: int
    path: str
    absolute: bool
    call: int
    ports: _containers.RepeatedScalarFieldContainer[int]
    parameters: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, block: _Optional[int] = ..., position: _Optional[int] = ..., path: _Optional[str] = ..., absolute: bool = ..., call: _Optional[int] = ..., ports: _Optional[_Iterable[int]] = ..., parameters: _Optional[_Iterable[int]] = ...) -> None: ...

class Terminal(_message.Message):
    __slots__ = ("name", "type", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: int
    source: Source
    def __init__(self, name: _Optional[str] = ..., type: _Optional[int] = ..., source: _Optional[_Union[Source, _Mapping]] = ...) -> None: ...

class GraphParameter(_message.Message):
    __slots__ = ("name", "aliases", "type", "frozen", "buffer")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    BUFFER_FIELD_NUMBER: _ClassVar[int]
    name: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    type: int
    frozen: bool
    buffer: bool
    def __init__(self, name: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., type: _Optional[int] = ..., frozen: bool = ..., buffer: bool = ...) -> None: ...

class Graph(_message.Message):
    __slots__ = ("model_type", "mode", "types", "parameters", "scopes", "operations", "inputs", "outputs", "notes", "torch_version", "dropped_operations", "attributes", "files", "calls", "other_backward", "blocks", "root")
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    TORCH_VERSION_FIELD_NUMBER: _ClassVar[int]
    DROPPED_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    OTHER_BACKWARD_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    model_type: str
    mode: CaptureMode
    types: _containers.RepeatedCompositeFieldContainer[TensorType]
    parameters: _containers.RepeatedCompositeFieldContainer[GraphParameter]
    scopes: _containers.RepeatedCompositeFieldContainer[Scope]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    inputs: _containers.RepeatedCompositeFieldContainer[Terminal]
    outputs: _containers.RepeatedCompositeFieldContainer[Terminal]
    notes: _containers.RepeatedScalarFieldContainer[str]
    torch_version: str
    dropped_operations: int
    attributes: _containers.RepeatedCompositeFieldContainer[Attribute]
    files: _containers.RepeatedScalarFieldContainer[str]
    calls: _containers.RepeatedCompositeFieldContainer[FunctionCall]
    other_backward: _containers.RepeatedCompositeFieldContainer[BackwardOperation]
    blocks: _containers.RepeatedCompositeFieldContainer[Block]
    root: BlockCall
    def __init__(self, model_type: _Optional[str] = ..., mode: _Optional[_Union[CaptureMode, str]] = ..., types: _Optional[_Iterable[_Union[TensorType, _Mapping]]] = ..., parameters: _Optional[_Iterable[_Union[GraphParameter, _Mapping]]] = ..., scopes: _Optional[_Iterable[_Union[Scope, _Mapping]]] = ..., operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[Terminal, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[Terminal, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ..., torch_version: _Optional[str] = ..., dropped_operations: _Optional[int] = ..., attributes: _Optional[_Iterable[_Union[Attribute, _Mapping]]] = ..., files: _Optional[_Iterable[str]] = ..., calls: _Optional[_Iterable[_Union[FunctionCall, _Mapping]]] = ..., other_backward: _Optional[_Iterable[_Union[BackwardOperation, _Mapping]]] = ..., blocks: _Optional[_Iterable[_Union[Block, _Mapping]]] = ..., root: _Optional[_Union[BlockCall, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("total_steps", "epoch", "epochs", "step_in_epoch", "steps_in_epoch", "items_per_second")
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    STEP_IN_EPOCH_FIELD_NUMBER: _ClassVar[int]
    STEPS_IN_EPOCH_FIELD_NUMBER: _ClassVar[int]
    ITEMS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    total_steps: int
    epoch: int
    epochs: int
    step_in_epoch: int
    steps_in_epoch: int
    items_per_second: float
    def __init__(self, total_steps: _Optional[int] = ..., epoch: _Optional[int] = ..., epochs: _Optional[int] = ..., step_in_epoch: _Optional[int] = ..., steps_in_epoch: _Optional[int] = ..., items_per_second: _Optional[float] = ...) -> None: ...

class TensorView(_message.Message):
    __slots__ = ("name", "shape", "dtype", "values", "stored_dtype", "full_shape", "axes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    STORED_DTYPE_FIELD_NUMBER: _ClassVar[int]
    FULL_SHAPE_FIELD_NUMBER: _ClassVar[int]
    AXES_FIELD_NUMBER: _ClassVar[int]
    name: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    values: bytes
    stored_dtype: str
    full_shape: _containers.RepeatedScalarFieldContainer[int]
    axes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., values: _Optional[bytes] = ..., stored_dtype: _Optional[str] = ..., full_shape: _Optional[_Iterable[int]] = ..., axes: _Optional[_Iterable[str]] = ...) -> None: ...
