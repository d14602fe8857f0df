"""The front end of all roads: a Keras model becomes hls4ml's graph with every type settled, and that the contract.

    keras_model, weights    what is read of a Keras model, and what is refused
    config, settings        hls4ml's configuration, and which settings there are
    graph/                  what hls4ml is taught: handlers, layers of the graph, the pass that settles their types
    extract, reading        the contract (lmu_hls.spec) out of the graph, or out of its structure and other types
    node                    what is read of a node of hls4ml's graph, as types
    hidden                  the functions and weights of an LMU's hidden cell

Only graph/ needs hls4ml to be imported.
"""
