"""Which of a run's scalars is its loss, which its learning rate."""

import pytest

from torchviz_tb.reading.curves import learning_rate_tag, loss_tag


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], None),
        (["accuracy", "lr"], None),
        (["loss"], "loss"),
        (["loss/val", "loss/train"], "loss/train"),
        (["val_loss", "loss"], "loss"),
        (["val_loss", "test/loss"], "val_loss"),
        (["val_loss", "loss_of_all_heads"], "loss_of_all_heads"),
        (["Loss/Train", "accuracy"], "Loss/Train"),
        (["train/accuracy", "train/cross_entropy", "lr"], "train/cross_entropy"),
        (["train/loss_epoch", "train/loss"], "train/loss"),
    ],
)
def test_the_training_loss_is_found_by_its_name(tags: list[str], expected: str | None):
    assert loss_tag(tags) == expected
    assert loss_tag(reversed(tags)) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], None),
        (["loss", "accuracy", "clrs", "world_rates"], None),
        (["lr"], "lr"),
        (["train/lr", "loss"], "train/lr"),
        (["lr-AdamW/pg2", "lr-AdamW/pg1"], "lr-AdamW/pg1"),
        (["Learning Rate", "loss"], "Learning Rate"),
        (["optimizer/learning_rate_0", "loss"], "optimizer/learning_rate_0"),
        (["LR", "learning-rate"], "LR"),
    ],
)
def test_the_learning_rate_is_found_by_its_name(tags: list[str], expected: str | None):
    assert learning_rate_tag(tags) == expected
    assert learning_rate_tag(reversed(tags)) == expected
