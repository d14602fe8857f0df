"""Beats of a heart, right and wrong ones: a convolution, an LMU and pooling, from training to the Verilog."""
