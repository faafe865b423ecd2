"""A training with a fault at one step: what goes wrong is chosen by name."""

import torch
import training
from torch import nn

import torchviz_tb

AT = 3  # the step at which something goes wrong


class Net(nn.Module):
    """A chain a, b, c with a place for a fault between a and b."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.between = lambda x: x

    def forward(self, x):
        return self.c(self.b(self.between(torch.relu(self.a(x)))))


def zero_gradient_of_sqrt(x):
    return x + torch.sqrt(x.abs() * 0)  # forward 0, backward 0 * inf


class Fault:
    """What happens to a step, by name."""

    @staticmethod
    def batch(_model, x):
        x[3, 1] = float("inf")

    @staticmethod
    def operation(model, _x):
        model.between = lambda x: x * torch.log(x * 0 - 1)

    @staticmethod
    def module(model, _x):
        forward = model.b.forward
        model.b.forward = lambda x: forward(x) + torch.tensor([0, 0, torch.inf, 0])

    @staticmethod
    def backward(model, _x):
        model.between = zero_gradient_of_sqrt

    @staticmethod
    def parameter(model, _x):
        with torch.no_grad():
            model.b.weight[1, 2] = torch.nan

    @staticmethod
    def loss(_model, _x):
        pass


def train(tmp_path, fault, steps=6, **options):
    """The incidents of a training with a fault at one step."""
    torch.manual_seed(0)
    model = Net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log="gradients", **options)
        for step in range(steps):
            x = torch.rand(8, 4) + 0.1
            if step == AT:
                getattr(Fault, fault)(model, x)
            loss = model(x).square().mean()
            loss = loss * torch.log(torch.tensor(-1.0)) if step == AT and fault == "loss" else loss
            watch.loss(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return torchviz_tb.load(tmp_path)["."].incidents()


def hooked(model):
    return any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
