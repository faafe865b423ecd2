"""Looks into models and tensors and says what it sees as records."""
