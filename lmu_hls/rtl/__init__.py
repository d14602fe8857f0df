"""Parameters, ROMs and small tops for the hand-written Verilog."""
