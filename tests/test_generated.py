"""The generated protobuf code is what the schema gives: edit records.proto, then run make proto."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "torchviz_tb" / "records"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with freshly generated code."""
    protoc = pytest.importorskip("grpc_tools.protoc")
    out = tmp_path_factory.mktemp("generated")
    arguments = [f"--proto_path={ROOT}", f"--python_out={out}", f"--pyi_out={out}"]
    assert protoc.main(["protoc", *arguments, "torchviz_tb/records/records.proto"]) == 0
    return out / "torchviz_tb" / "records"


@pytest.mark.parametrize("name", ["records_pb2.py", "records_pb2.pyi"])
def test_generated_code_is_not_stale(generated: Path, name: str):
    fresh, kept = ((folder / name).read_text(encoding="utf-8") for folder in (generated, RECORDS))
    assert _without_version(fresh) == _without_version(kept), f"{name} is stale: run make proto"


def _without_version(code: str) -> str:
    """The code without the compiler's version, which says nothing of the schema."""
    code = re.sub(r"^# Protobuf Python Version: .*$", "", code, flags=re.MULTILINE)
    return re.sub(r"^ {4}\d+,$", "", code, flags=re.MULTILINE)


def test_the_generated_code_runs_with_the_oldest_protobuf_that_is_allowed():
    ((major, minor, patch),) = re.findall(
        r"ValidateProtobufRuntimeVersion\(\s*\S+,\s*(\d+),\s*(\d+),\s*(\d+),", (RECORDS / "records_pb2.py").read_text()
    )
    oldest = re.search(r'"protobuf>=(\d+)\.(\d+)\.(\d+)', (ROOT / "setup.py").read_text(encoding="utf-8"))
    assert oldest is not None
    assert (int(major), int(minor), int(patch)) <= tuple(map(int, oldest.groups()))
