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
    "watch_share": Meaning("watch", "time of samples / time", "Share of the training time that watching takes."),
}
"""By column, and by a name of its own what is no column."""


def meanings(_query: Query) -> Json:
    """The route meanings: the same for every run."""
    words = {key: {"formula": meaning.formula, "says": meaning.says} for key, meaning in MEANINGS.items()}
    return {"meanings": words, "problems": []}
