"""Runs PyTorch's own tests for its SummaryWriter, first with torch's writer and then with ours in its place.

    python tests/compat/pytorchs_own.py PYTORCH_CHECKOUT/test/test_tensorboard.py

The file is part of PyTorch's sources, not of its wheel, and needs ``expecttest``. Prints each test whose outcome
differs; the exit status is 1 where one that passes with torch's writer does not pass with ours, but for what we do
otherwise on purpose.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

_OURS = (
    "import torch.utils.tensorboard, torchviz_tb\ntorch.utils.tensorboard.SummaryWriter = torchviz_tb.SummaryWriter\n"
)
_RUN = "import sys, pytest\nsys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]]))\n"

# It expects that a model whose output is a dictionary can't be recorded.
_ON_PURPOSE = "test_pytorch_graph_dict_input"


def outcomes(file: Path, before: str) -> dict[str, str]:
    """Each test's outcome in an interpreter that has run some code before: passed, failed, error or skipped."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        arguments = [str(file), f"--junit-xml={report}", f"--rootdir={file.parent}", "-c", "/dev/null"]
        subprocess.run([sys.executable, "-c", before + _RUN, *arguments], cwd=folder, stdout=sys.stderr, check=False)
        cases = ElementTree.parse(report).iter("testcase")
        return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: ElementTree.Element) -> str:
    found = {part.tag for part in case} & {"failure", "error", "skipped"}
    return found.pop() if found else "passed"


def main(file: Path) -> int:
    """Compares both writers."""
    theirs, ours = outcomes(file, ""), outcomes(file, _OURS)
    differing = [test for test in theirs if theirs[test] != ours.get(test)]
    for test in differing:
        print(f"{test}: {theirs[test]} with torch's writer, {ours.get(test)} with ours")
    passed = sum(outcome == "passed" for outcome in theirs.values())
    print(f"{passed} of {len(theirs)} tests pass with torch's writer, {len(differing)} differ with ours")
    return int(any(theirs[test] == "passed" and not test.endswith(_ON_PURPOSE) for test in differing))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
