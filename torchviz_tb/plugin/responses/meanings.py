"""What each number of the page means: the one place for the words of its menus, tables and of docs/statistics.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.query import Query


@dataclass(frozen=True)
class Meaning:
    """A number's name on the page, how it is computed, and in one line what it says."""

    name: str
    formula: str
    says: str


MEANINGS: Mapping[str, Meaning] = {
    "l2": Meaning("norm", "√ Σ x²", "How large the tensor is as a whole; grows with its size."),
    "rms": Meaning("RMS", "√ (Σ x² / m)", "The size of a typical value; compares sites of different sizes."),
    "abs_max": Meaning("largest magnitude", "max |x|", "The one value that is farthest from 0: overflows begin there."),
    "min": Meaning("smallest value", "min x", "The most negative value."),
    "max": Meaning("largest value", "max x", "The most positive value."),
    "quantile_spread": Meaning(
        "quantile spread",
        "95 % − 5 % quantile",
        "How wide the bulk is, whatever a few outliers do; from the histogram.",
    ),
    "mean": Meaning("mean", "Σ x / m", "Where the values are centred."),
    "std": Meaning(
        "standard deviation", "√ (Σ (x − mean)² / m)", "How far values lie from their mean; with m, not m − 1."
    ),
    "zero_share": Meaning("share of zeros", "zeros / n", "Exactly 0: unused rows, dead units, masks."),
    "nonfinite": Meaning(
        "number of NaN and Inf", "NaN, +Inf and −Inf", "Anything above 0 ends the training sooner or later."
    ),
    "update_ratio": Meaning(
        "update ratio",
        "‖Δw‖ / ‖w‖",
        "How much of a weight one step changes; about 10⁻³ is usual. Of updates only.",
    ),
    "lost_share": Meaning(
        "share of lost updates",
        "lost / n: w + Δw = w, g ≠ 0",
        "Steps too small for the number format. Of updates only.",
    ),
    "dead_share": Meaning(
        "share of dead units",
        "dead units / units",
        "Channels or features that are 0 for the whole batch pass nothing on. Of activations only.",
    ),
    "mean_magnitude": Meaning("mean magnitude", "Σ |x| / m", "The size of a value on average, whatever its sign."),
    "median_magnitude": Meaning(
        "median magnitude",
        "median of |x|",
        "Half of the finite values are smaller, whatever their sign; exact to a bin.",
    ),
    "quantiles": Meaning(
        "quantiles", "5, 25, 50, 75, 95 %", "Half of the values lie within the thick line, nine tenths within the thin."
    ),
    "zeros": Meaning("exactly 0", "number of x = 0", "Unused rows, dead units, masks."),
    "nan": Meaning("NaN", "number of NaN", "Not a number, such as 0 / 0 or Inf − Inf: what it touches becomes NaN."),
    "pos_inf": Meaning("+Inf", "number of +Inf", "Too large for the number format."),
    "neg_inf": Meaning(
        "−Inf", "number of −Inf", "Too large below 0 for the number format; also what masks are made of."
    ),
    "quantile": Meaning(
        "quantile", "from the histogram", "That share of the finite values is smaller; exact to a bin."
    ),
    "count": Meaning("values", "n", "How many there are, finite or not."),
    "distance": Meaning(
        "distance",
        "∫|F₁ − F₂| / (mean |x₁| + mean |x₂|)",
        "How far two distributions are apart: 0 is the same, 1 has nothing in common.",
    ),
    "cell": Meaning("cell", "block of the gradient", "The rows and columns of the gradient that it covers."),
    "cell_mean": Meaning(
        "signed mean of finite values", "Σ x / m", "Near 0 where positive and negative values cancel."
    ),
    "row_max": Meaning(
        "maximum of its row or column",
        "max |x|",
        "Largest magnitude in all the rows, or columns, that the cell covers.",
    ),
    "stored": Meaning(
        "stored to within", "|error| / |x|", "Largest relative error of the maxima: magnitudes are kept in eight bits."
    ),
    "parameter": Meaning("parameter", "w", "The values that are trained, before the optimizer's step."),
    "gradient": Meaning("gradient", "g", "What the optimizer uses: accumulated, unscaled and clipped."),
    "raw_gradient": Meaning(
        "gradient before clipping", "g", "As the backward pass left it, still scaled where a scaler is used."
    ),
    "update": Meaning("update", "Δw", "What the optimizer's step added: the parameter after it minus the one before."),
    "activation": Meaning("activation", "a", "What a module returned in the training step, all of its calls together."),
    "tensor": Meaning("tensor", "x", "What was given by name with add_distribution and the like."),
    "log": Meaning("log", "log |x|", "A power of ten has the same length everywhere; 0 has no place."),
    "symlog": Meaning("symlog", "sign(x) · log(1 + |x| / c)", "As log on both sides of 0, and even within ±c."),
    "linear": Meaning("linear", "x", "In proportion to the value."),
    "model": Meaning("model order", "grouped by module", "As the model defines its modules; groups open and close."),
    "execution": Meaning(
        "execution order", "as modules are called", "The order in which the forward pass reaches them."
    ),
    "size": Meaning("order of size", "largest first", "By the largest magnitude at any step."),
    "shared": Meaning("shared colours", "one scale for all rows", "Rows can be compared with each other."),
    "own": Meaning(
        "colours of its own",
        "value / the row's largest",
        "Each row is compared with itself alone: when it changed is seen best.",
    ),
    "coloured_gradient": Meaning("gradient norm", "‖g‖ over a module", "Of all gradients in the module as one vector."),
    "coloured_update_ratio": Meaning(
        "update ratio", "‖Δw‖ / ‖w‖", "How much of the module one step changes; about 10⁻³ is usual."
    ),
    "coloured_parameter": Meaning(
        "parameter norm", "‖w‖ over a module", "Of all parameters in the module as one vector."
    ),
    "coloured_zeros": Meaning("zero share", "g = 0 / all g", "Share of the gradient's values that are exactly 0."),
    "coloured_nonfinite": Meaning("NaN and Inf", "number of g", "Values of the gradient that are not finite."),
    "coloured_lost": Meaning(
        "lost updates", "w + Δw = w, g ≠ 0", "Share of the steps that were too small for the number format."
    ),
    "coloured_count": Meaning("parameters", "number of values", "How many values are trained or kept in the module."),
    "coloured_flops": Meaning(
        "FLOPs", "forward", "Floating point operations of the forward pass; a multiply-add is two."
    ),
    "coloured_bytes": Meaning(
        "memory moved", "forward", "Bytes that the operations of the forward pass read and write."
    ),
    "coloured_dtype": Meaning("dtype", "of parameters", "The number formats of the module's parameters."),
    "coloured_frozen": Meaning("frozen or trainable", "requires_grad", "Whether the module's parameters are trained."),
    "coloured_structure": Meaning(
        "structure", "equal modules alike", "Modules with the same parts in the same order have one colour."
    ),
    "watch_share": Meaning("watch", "time of samples / time", "Share of the training time that watching takes."),
}
"""By column, then by a name of its own what is no column: other numbers, stages, scales, orders, colours."""


def meanings(_query: Query) -> Json:
    """The route meanings: the same for every run."""
    words = {key: {"formula": meaning.formula, "says": meaning.says} for key, meaning in MEANINGS.items()}
    return {"meanings": words, "problems": []}
