"""Why each finding matters, what people do about it, and where that is written."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """For the reader who asks "Why?"."""

    why: str
    advice: str
    source: str
    link: str


EXPLANATIONS: Mapping[str, Explanation] = {
    "non_finite": Explanation(
        "A weight that is NaN stays NaN: from the step after it on, nothing that the run computes can be used.",
        "Restart from a checkpoint before the norms start to grow. Lower the rate or clip by norm; look for a "
        "logarithm, a square root or a division that can meet 0, and for float16 beyond 65,504.",
        "Micikevicius et al., Mixed Precision Training, 2018",
        "https://arxiv.org/abs/1710.03740",
    ),
    "exploding_gradient": Explanation(
        "Each step overshoots further than the last, until the numbers overflow.",
        "Clip the gradient by its norm, lower the learning rate, or warm it up.",
        "Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, 2013",
        "https://arxiv.org/abs/1211.5063",
    ),
    "vanishing_gradient": Explanation(
        "Layers whose gradient is thousands of times smaller than the others' hardly change: the network learns only "
        "with the layers at one end.",
        "Use residual connections and normalisation, an activation that doesn't saturate, and starting weights scaled "
        "for it.",
        "Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010",
        "https://proceedings.mlr.press/v9/glorot10a.html",
    ),
    "gradient_grows_with_depth": Explanation(
        "A rate that suits one end of the network is thousands of times too high for the other.",
        "Normalise between layers, scale the starting weights, or clip the gradient.",
        "Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010",
        "https://proceedings.mlr.press/v9/glorot10a.html",
    ),
    "stopped_learning": Explanation(
        "A gradient that is exactly 0 moves nothing: these weights stay as they are, whatever the data.",
        "Look at what happened at that step: a large update, a unit whose input became negative throughout. "
        "A leaky activation lets the gradient through again.",
        "Lu et al., Dying ReLU and Initialization, 2019",
        "https://arxiv.org/abs/1903.06733",
    ),
    "never_learned": Explanation(
        "The weights have been what they are since the start: the model trains without them.",
        "Check the starting values (all 0 on both sides of a layer passes nothing), masks, and whether the output "
        "reaches the loss.",
        "Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010",
        "https://proceedings.mlr.press/v9/glorot10a.html",
    ),
    "no_gradient": Explanation(
        "The optimizer leaves out a parameter without gradient: it keeps its starting value.",
        "Look for detach(), no_grad(), an item() or a module that forward never calls; if it is meant, freeze it with "
        "requires_grad_(False).",
        "PyTorch, Autograd mechanics",
        "https://pytorch.org/docs/stable/notes/autograd.html",
    ),
    "dead_units": Explanation(
        "A unit whose gradient is exactly 0 for every input has left the network; it still costs time and memory.",
        "Lower the learning rate, start biases at 0, or use a leaky activation.",
        "Lu et al., Dying ReLU and Initialization, 2019",
        "https://arxiv.org/abs/1903.06733",
    ),
    "lost_updates": Explanation(
        "In low precision w + Δ rounds back to w when Δ is under half a unit in the last place: that step is lost.",
        "Keep a float32 copy of the weights, as mixed precision does, or round stochastically.",
        "Zamirai et al., Revisiting BFloat16 Training, 2020",
        "https://arxiv.org/abs/2010.06192",
    ),
    "update_too_large": Explanation(
        "A step that replaces a tenth of the weights forgets what the steps before it learned; about 1/1000 is usual.",
        "Lower the learning rate, or warm it up.",
        "Karpathy et al., CS231n, Ratio of weights:updates",
        "https://cs231n.github.io/neural-networks-3/#ratio",
    ),
    "update_too_small": Explanation(
        "At a millionth of the weights a step, a million steps change them by their own size; about 1/1000 is usual.",
        "Raise the learning rate; check the schedule, and whether the loss is scaled down.",
        "Karpathy et al., CS231n, Ratio of weights:updates",
        "https://cs231n.github.io/neural-networks-3/#ratio",
    ),
    "always_clipped": Explanation(
        "When every step is cut to the same length, the size of the gradient no longer says anything, and the rate "
        "alone sets the pace.",
        "Raise the threshold to about the median norm, so that it cuts only what stands out.",
        "Zhang et al., Why gradient clipping accelerates training, 2020",
        "https://arxiv.org/abs/1905.11881",
    ),
    "skipped_steps": Explanation(
        "A step that the loss scaler skips teaches nothing; a few at the start are how it finds its scale.",
        "Look for values that overflow in float16; use bfloat16, or clip after unscaling.",
        "Micikevicius et al., Mixed Precision Training, 2018",
        "https://arxiv.org/abs/1710.03740",
    ),
    "norm_drift": Explanation(
        "Weights before a normalisation only grow, and their effective learning rate falls with the square of their "
        "norm; elsewhere growth ends in overflow.",
        "Decay the weights, or lower the learning rate.",
        "van Laarhoven, L2 Regularization versus Batch and Weight Normalization, 2017",
        "https://arxiv.org/abs/1706.05350",
    ),
    "loss_plateau": Explanation(
        "The run spends its time without getting better at what it is asked.",
        "First overfit a single batch: if that fails, the fault is in model, loss or targets, not in the rate.",
        "Karpathy, A Recipe for Training Neural Networks, 2019",
        "https://karpathy.github.io/2019/04/25/recipe/",
    ),
    "loss_spike": Explanation(
        "A single batch or step threw the model back; adaptive optimizers remember it long after.",
        "Look at that batch. Large runs restart from a checkpoint before the spike and skip the batches around it.",
        "Chowdhery et al., PaLM, 2022, section 5.1",
        "https://arxiv.org/abs/2204.02311",
    ),
}
