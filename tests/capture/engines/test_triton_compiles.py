"""The kernels compile for the GPUs that people have, which takes no GPU."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, re, sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from torchviz_tb.capture.engines import triton_kernels as kernels

SCAN = {"pieces": "*i64", "values_of_codes": "*fp32", "sums": "*fp64", "counts": "*i64", "tables": "*i32"}
REFINE = {"pieces": "*i64", "values_of_codes": "*fp32", "slot_of_part": "*i32", "starts": "*i32", "shifts": "*i32",
          "cells": "*i32", "least": "*i32", "greatest": "*i32", "slots": "i32"}

def loads(kernel, signature, **fixed):
    names = kernel.arg_names
    pointers = {(names.index(name),): [["tt.divisibility", 16]] for name in signature if name != "slots"}
    source = ASTSource(
        fn=kernel,
        signature={**signature, **dict.fromkeys(fixed, "constexpr")},
        constexprs={(names.index(name),): value for name, value in fixed.items()},
        attrs=pointers,
    )
    compiled = triton.compile(source, target=GPUTarget("cuda", int(sys.argv[1]), 32), options={"num_warps": 8})
    return sorted(set(re.findall(r"ld[.]global[.](?:\\w+[.])*v\\d", compiled.asm["ptx"])))

print(json.dumps([
    loads(kernels.scan, SCAN, block=2048, histograms=True, wide=False, aligned=True),
    loads(kernels.scan, SCAN, block=2048, histograms=False, wide=True, aligned=False),
    loads(kernels.refine, REFINE, block=2048, wide=False, aligned=True),
]))
"""


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="there is no triton elsewhere")
@pytest.mark.parametrize("capability", ["80", "90"])
def test_for_a_gpu_with_loads_of_16_bytes(tmp_path, capability):
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, capability], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    aligned, _, _ = json.loads(done.stdout)
    assert any(load.endswith("v4") for load in aligned)
