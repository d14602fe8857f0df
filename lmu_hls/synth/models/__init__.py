"""Verilog models of primitives that Yosys has no model of: a file a family, and what several have in common."""
