"""One far too large step pushes every unit of a layer below 0: its ReLUs stay shut, and nothing before it learns."""

import torch

from demo.small_runs import STEPS, perceptron, train

EXPECTED = "stopped_learning"
ALSO = {"loss_plateau"}


def run(log_dir: str) -> None:
    """The accident happens at half time."""
    model = perceptron(64, 64, 48, 32, 10)

    def accident(step: int) -> None:
        if step == STEPS // 2:
            with torch.no_grad():
                model.get_parameter("2.bias").sub_(100.0)

    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=1e-3), before_step=accident)
