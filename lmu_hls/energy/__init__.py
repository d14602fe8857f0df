"""What a network's arithmetic and its Verilog spend: activity of a simulation, and energy by published figures.

Every energy and power of this package is an estimate. ``operations`` counts what the contract asks for, ``activity``
what the Verilog did in a simulation, ``published`` has the energy of an operation with its source, ``estimate`` adds
up.
"""
