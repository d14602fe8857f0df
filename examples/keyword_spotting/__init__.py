"""Keyword spotting with an LMU of 4-bit weights and 7-bit activations, from recordings to Verilog.

    python -m examples.keyword_spotting --speech-commands FOLDER
    python -m examples.keyword_spotting                            # synthetic keywords, spoken by espeak-ng

After Blouw, Malik, Morcos, Voelker, Eliasmith, "Hardware Aware Training for Efficient Keyword Spotting on General
Purpose and Specialized Hardware", 2021: 12 labels, windows of 40 ms every 20 ms. ``recordings`` reads a folder with
the layout of Speech Commands, ``synthetic`` makes one, ``audio`` makes clips of one second of it, ``features`` MFCC of
these, ``dataset`` keeps them; ``networks`` has the sizes of the paper's table, ``training`` trains, quantizes and
prunes, ``hardware`` converts, verifies and says what it takes, ``listening`` sends continuous audio through the
Verilog, ``__main__`` does one after the other.
"""
