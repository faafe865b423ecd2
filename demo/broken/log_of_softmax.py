"""The logarithm of a softmax: once a probability underflows to 0, the loss is infinite and the gradient NaN."""

import torch
from torch import Tensor, nn

from demo.small_runs import perceptron, train

EXPECTED = "non_finite"
ALSO = {"loss_spike"}


def naive_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """What ``functional.cross_entropy`` computes without ever leaving the logarithm."""
    chosen = logits.softmax(1)[range(len(targets)), targets]
    return -chosen.log().mean()


def run(log_dir: str) -> None:
    """A warm-up that never ends drives the logits apart until one probability is 0 in float32."""
    model = perceptron(64, 64, 32, 10, activation=nn.GELU)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def warm_up(_: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] *= 1.03

    train(log_dir, model, optimizer, loss_function=naive_cross_entropy, before_step=warm_up)
