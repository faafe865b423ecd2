"""Biases that start far below 0: most units of a layer never fire, though the layer as a whole learns."""

import torch

from demo.small_runs import perceptron, train

EXPECTED = "dead_units"


def run(log_dir: str) -> None:
    """Three quarters of the second layer's units are shut from the start."""
    model = perceptron(64, 64, 64, 32, 10)
    with torch.no_grad():
        model.get_parameter("2.bias")[:48] -= 50.0
    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=1e-3))
