"""Our exceptions.

TorchVizError
├── ArgumentError(ValueError)   a call was given something it can't use
│   └── UnsupportedValue        it is of a kind that can't be logged so; a NotImplementedError, too
└── RecordError                 a stored record can't be read
    ├── DamagedRecord           its bytes are not what was written
    └── NewerRecord             a later version of torchviz_tb wrote it
"""


class TorchVizError(Exception):
    """Base of every exception that torchviz_tb raises on purpose."""


class ArgumentError(TorchVizError, ValueError):
    """A call was given something it can't use; the message says what is accepted."""


class UnsupportedValue(ArgumentError, NotImplementedError):
    """A value of a kind that can't be logged so; torch's writer raises NotImplementedError there."""


class RecordError(TorchVizError):
    """A stored record can't be read; the others still can."""


class DamagedRecord(RecordError):
    """The bytes of a record are not what was written."""


class NewerRecord(RecordError):
    """A record was written by a later version of torchviz_tb."""
