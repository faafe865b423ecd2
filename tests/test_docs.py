"""What the documents say is so: links lead somewhere, commands exist, code runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("demo/*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """The address that a heading gets, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def headings(document: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)}


def run(program: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_and_pictures_lead_to_something(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for link in links:
        file, _, section = link.partition("#")
        if re.match(r"https?:", link):
            continue
        target = document.parent / file if file else document
        assert target.exists(), f"{link} leads nowhere"
        assert not section or section in headings(target), f"{link} names no heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z-]+)", text))
    named.update(re.findall(r"^\$ make ([a-z-]+)", text, re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_python_compiles(document: Path) -> None:
    for block in code_blocks(document.read_text(encoding="utf-8"), "python"):
        compile(block, str(document), "exec")


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_files_named_in_code_type_exist(document: Path) -> None:
    named = re.findall(
        r"`((?:torchviz_tb|tests|demo|benchmarks|plugin_frontend)/[\w/.]*)`", document.read_text("utf-8")
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_each_target_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"help"}
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+)  +\S", listed, re.MULTILINE)) == targets


def test_the_readmes_costs_are_the_measured_ones() -> None:
    def rows(document: str) -> list[list[str]]:
        lines = re.findall(r"^\| (?:b?float\d+) .*$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    shown, measured = rows("README.md"), [[*row[:3], row[-1]] for row in rows("benchmarks/results/overhead.md")]
    assert len(shown) >= 6
    rest = iter(measured)
    assert all(row in rest for row in shown)  # some of them, in their order


@pytest.mark.heavy
def test_the_readmes_code_runs(tmp_path: Path) -> None:
    quick_start, arguments, reading, visualizer = code_blocks(
        (ROOT / "README.md").read_text(encoding="utf-8"), "python"
    )
    run(quick_start + arguments, tmp_path)
    run(quick_start.replace("runs/first", "visualized/first") + visualizer, tmp_path)
    run(reading + "assert norms.shape == (len(steps), len(names)) == (3, 4)", tmp_path)
