"""Tensors of which each rank holds a part: measured where they lie, merged by collectives that all ranks enter.

``placements`` says what of a tensor is this rank's to measure, ``agreement`` who takes part,
``exchange`` is the process group of our own, ``merge`` turns everybody's measurements into
those of the whole tensors, ``tables`` and ``heatmaps`` do so for histograms and heatmaps.
"""
