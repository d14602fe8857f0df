"""What cannot be converted is refused at conversion, with a message that names layer, option and remedy."""

import hls4ml
import keras
import numpy as np
import pytest

from lmu_hls import LMU, LMUCell
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.handler import LMUHandler
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu, model

FREE = (False, False, False)


def refuse(built, tmp_path, *words, hls_config=None, **options):
    with pytest.raises(LmuHlsError) as error:
        convert(built, tmp_path, hls_config, **options)
    for word in words:
        assert word in str(error.value)


def plain(**options) -> LMU:
    return lmu("tanh", FREE, name="memory", **options)


class OwnCell(keras.layers.LSTMCell):
    """A subclass may compute anything: it is no LSTMCell."""


@pytest.mark.parametrize(
    "cell",
    [keras.layers.StackedRNNCells([keras.layers.LSTMCell(3)]), OwnCell(3), keras.layers.LayerNormalization()],
    ids=lambda cell: type(cell).__name__,
)
def test_hidden_cells(cell, tmp_path):
    built = model(LMU(1, 2, 8, cell, name="memory"))
    words = (type(cell).__name__, "use hidden_cell=None, or one of Dense, GRUCell, LSTMCell, SimpleRNNCell")
    refuse(built, tmp_path, "memory", *words)


def test_hidden_activation(tmp_path):
    refuse(model(lmu("hard_shrink", name="memory")), tmp_path, "memory", "hard_shrink", "use linear, relu, relu6")
    cell = keras.layers.GRUCell(3, recurrent_activation="threshold")
    refuse(model(lmu(cell, FREE, name="memory")), tmp_path, "recurrent_activation 'threshold'", "use linear")


def test_gate_without_fraction_bits(tmp_path):
    built = model(lmu(keras.layers.GRUCell(3), FREE, name="memory"))
    settings = config(built)
    settings["LayerName"]["memory"]["Precision"]["gate"] = "fixed<6,8>"
    refuse(built, tmp_path, "memory", "'gate' has the type fixed<6,8,TRN,WRAP>", "fraction bits", hls_config=settings)


def memory_update(update, tmp_path, *words, precision=None, **system):
    built = model(lmu(None, FREE, name="memory", **system))
    settings = config(built)
    settings["LayerName"]["memory"]["MemoryUpdate"] = update
    settings["LayerName"]["memory"]["Precision"] |= precision or {}
    refuse(built, tmp_path, "memory", *words, hls_config=settings)


def test_memory_update(tmp_path):
    memory_update("fast", tmp_path, "MemoryUpdate='fast'", "use 'dense', 'tridiagonal' or 'auto'")
    words = ("needs discretizer='bilinear'", "has 'zoh'", "use MemoryUpdate='dense'")
    memory_update("tridiagonal", tmp_path, *words, discretizer="zoh")


def test_sweep_wider_than_possible(tmp_path):
    system = {"precision": {"mem": "fixed<60,6>"}, "discretizer": "bilinear"}
    memory_update("tridiagonal", tmp_path, "'sweep' would get 3 bits more", "width 63", **system)


def test_coefficients_that_vanish(tmp_path):
    system = {"order": 8, "theta": 400.0, "discretizer": "bilinear", "basis": "orthonormal"}
    types = {"gam": "fixed<8,1,RND,SAT>", "bet": "fixed<7,1,RND,SAT>"}
    words = (
        "gam[0], bet[0], bet[1], bet[2] and 2 more become zero",
        "gam fixed<8,1,RND,SAT>, bet",
        "more fraction bits",
    )
    memory_update("tridiagonal", tmp_path, *words, precision=types, **system)


def test_unstable_factors(tmp_path):
    """Types that wrap around; the remedy in the message works."""
    built = model(lmu(None, FREE, name="memory", order=2, theta=4.0, discretizer="bilinear"))
    settings = config(built)
    memory = settings["LayerName"]["memory"]
    memory["MemoryUpdate"] = "tridiagonal"
    memory["Precision"]["gam"] = "fixed<12,-1>"
    words = ("gam fixed<12,-1,TRN,WRAP>", "unstable: the spectral radius", "leave their Precision 'auto'")
    refuse(built, tmp_path, "memory", *words, hls_config=settings)
    memory["Precision"]["gam"] = "auto"
    convert(built, tmp_path, settings)


def test_some_layers_stateful(tmp_path):
    inputs = keras.Input((STEPS, N_IN), batch_size=1)
    kept = plain(stateful=True, return_sequences=True)(inputs)
    built = keras.Model(inputs, lmu(None, FREE, name="second")(kept))
    refuse(built, tmp_path, "second", "stateful=False beside", "give all LMU layers the same")


def test_return_state(tmp_path):
    inputs = keras.Input((STEPS, N_IN))
    refuse(
        keras.Model(inputs, plain(return_state=True)(inputs)),
        tmp_path,
        "memory",
        "return_state",
        "take h from the last step",
    )


def test_initial_state(tmp_path):
    inputs = keras.Input((STEPS, N_IN))
    state = keras.Input((6,))
    layer = lmu(None, FREE, name="memory")
    built = keras.Model([inputs, state], layer(inputs, initial_state=[state]))
    refuse(built, tmp_path, "memory", "initial_state")


def test_masks_of_words(tmp_path):
    inputs = keras.Input((STEPS,), dtype="int32")
    built = keras.Model(inputs, plain()(keras.layers.Embedding(5, N_IN, mask_zero=True, name="words")(inputs)))
    refuse(built, tmp_path, "words", "Embedding layers are not supported", "Masking of the model's input")


def test_masking_without_an_lmu_is_left_to_hls4ml(tmp_path):
    built = model(keras.layers.Masking(), keras.layers.LSTM(2))
    with pytest.raises(ValueError, match=r"Masking.* not found in registry"):
        convert(built, tmp_path, allow_da_fallback=False)


def test_variable_length(tmp_path):
    inputs = keras.Input((None, N_IN))
    refuse(keras.Model(inputs, plain()(inputs)), tmp_path, "(None, None, 3)", "time steps", "keras.Input((steps, 3))")


def test_rnn_of_another_cell_is_left_to_hls4ml(tmp_path):
    built = model(keras.layers.RNN(keras.layers.SimpleRNNCell(3)))
    with pytest.raises(ValueError, match=r"Layer .*RNN.* not found in registry, and no fallback option succeeded"):
        convert(built, tmp_path, allow_da_fallback=False)


def test_strategy(tmp_path):
    settings = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "compressed"}}
    refuse(model(plain()), tmp_path, "memory", "Strategy", "use 'Latency', 'Resource' or 'dist", hls_config=settings)


def test_strategy_of_the_head(tmp_path):
    built = model(plain(return_sequences=False), keras.layers.Dense(2, name="head"))
    settings = config(built)
    settings["LayerName"]["head"]["Strategy"] = "resource_unrolled"
    refuse(built, tmp_path, "head", "resource_unrolled", "use 'Latency'", hls_config=settings)


def test_compression_of_the_head(tmp_path):
    built = model(plain(return_sequences=False), keras.layers.Dense(2, name="head"))
    settings = config(built)
    settings["LayerName"]["head"]["Compression"] = True
    refuse(built, tmp_path, "head", "Compression", hls_config=settings)


@pytest.mark.parametrize("activation", ["log_softmax", "hard_shrink", "sparsemax"])
def test_head_activations(activation, tmp_path):
    built = model(plain(return_sequences=False), keras.layers.Dense(2, activation, name="head"))
    refuse(built, tmp_path, "head", "not supported", "use linear, relu")


@pytest.mark.parametrize(
    "layer",
    [lambda name: keras.layers.GroupNormalization(1, name=name), lambda name: keras.layers.UpSampling1D(name=name)],
)
def test_other_layers(layer, tmp_path):
    refuse(model(plain(), layer(name="other")), tmp_path, "other", "not supported in a model with an LMU")


def test_convolution(tmp_path):
    refuse(
        model(keras.layers.Conv1DTranspose(3, 1, name="other"), plain()), tmp_path, "other", "larger memory_d or order"
    )


def test_other_graphs(tmp_path):
    inputs = keras.Input((STEPS, N_IN), name="x")
    one = plain()(inputs)
    two = lmu("tanh", FREE, name="two")(inputs)
    dot = keras.layers.Dot(-1, name="sum")([one, two])
    refuse(
        keras.Model(inputs, dot), tmp_path, "'sum'", "Dot layers are not supported", "use Multiply and a Dense layer"
    )
    longer = keras.Input((STEPS + 1, N_IN), name="longer")
    both = keras.Model([inputs, longer], [one, lmu("tanh", FREE, name="three")(longer)])
    refuse(both, tmp_path, "all inputs of a model need the same number of steps")
    repeated = keras.layers.Add(name="sum")([one, keras.layers.RepeatVector(1)(one[:, -1])])
    refuse(keras.Model(inputs, repeated), tmp_path, "'sum'", "Keras would repeat")
    behind = keras.layers.Concatenate(axis=1, name="sum")([one, two])
    refuse(keras.Model(inputs, behind), tmp_path, "'sum'", "on the last axis only, not on 1")
    alone = keras.layers.Add(name="sum")([two] * 8)
    refuse(keras.Model(inputs, alone), tmp_path, "'two' is read by 8", "7 copies", io_type="io_stream")


def test_names_that_differ_in_case_only(tmp_path):
    refuse(model(plain(), lmu("tanh", FREE, name="Memory")), tmp_path, "name of another layer but for case")


@pytest.mark.parametrize("level", ["LayerName", "LayerType"])
def test_unknown_precision_key(level, tmp_path):
    settings = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}}
    settings[level] = {"memory" if level == "LayerName" else "LMU": {"Precision": {"memm": "fixed<8,2>"}}}
    refuse(model(plain()), tmp_path, f"{level}: ", "'memm'; did you mean 'mem'?", hls_config=settings)


@pytest.mark.parametrize(
    ("key", "type_", "words"),
    [
        ("mem", "float", ("'mem'", "not fixed-point")),
        ("mem", "fixed<80,6>", ("'mem'", "width 80")),
        ("mem", "fixed<16,6,RND,SAT,1>", ("'mem'", "saturation bits")),
        ("result", "fixed<1,1,RND,SAT_SYM>", ("'result'", "symmetric")),
        ("u", "fixed<16", ("'u'", "fixed<16,6>")),
        ("a", "fixed<60,6>", ("'a'", "53 bits")),
        ("encoder_x", "fixed<4,8,RND,SAT>", ("'encoder_x'", "becomes zero", "more fraction bits")),
        ("hidden_mem", "fixed<4,8,RND,SAT>", ("'hidden_mem'", "becomes zero")),
        ("a", "fixed<4,8,RND,SAT>", ("'a'", "becomes zero")),
        ("mem", "fixed<62,6>", ("'mem'", "bits", "narrower")),
    ],
)
def test_types_that_cannot_be(key, type_, words, tmp_path):
    built = model(plain())
    settings = config(built)
    settings["LayerName"]["memory"]["Precision"][key] = type_
    refuse(built, tmp_path, "memory", *words, hls_config=settings)


def test_default_precision_must_be_fixed_point(tmp_path):
    refuse(model(plain()), tmp_path, "default", "float", hls_config={"Model": {"Precision": "float", "ReuseFactor": 1}})


@pytest.mark.parametrize(("key", "value"), [("TableSize", 1000), ("TableRange", 3)])
def test_tables(key, value, tmp_path):
    built = model(plain())
    settings = config(built)
    settings["LayerName"]["memory"][key] = value
    refuse(built, tmp_path, "memory", "powers of two", "TableSize", hls_config=settings)


@pytest.mark.parametrize(
    ("layer", "value"), [("memory", 0), ("memory", -2), ("memory", 1.5), ("memory", "fast"), ("head", 0), ("head", -2)]
)
def test_reuse_factor(layer, value, tmp_path):
    built = model(plain(return_sequences=False), keras.layers.Dense(2, name="head"))
    settings = config(built)
    settings["LayerName"][layer]["ReuseFactor"] = value
    refuse(built, tmp_path, layer, f"ReuseFactor={value!r}", hls_config=settings)


def test_unstable_coefficients(tmp_path):
    """The remedy in the message is a type with which the conversion succeeds."""
    built = model(lmu(None, FREE, name="memory", order=16, theta=200.0, basis="legendre"))
    settings = config(built)
    settings["LayerName"]["memory"]["Precision"]["a"] = "fixed<6,1,RND,SAT>"
    with pytest.raises(LmuHlsError, match=r"'memory'.*unstable: the spectral radius .* is 1\.\d+") as error:
        convert(built, tmp_path, settings)
    remedy = str(error.value).split("give 'a' the type ")[1].split(" or a finer")[0]
    settings["LayerName"]["memory"]["Precision"]["a"] = remedy
    convert(built, tmp_path, settings)


def test_weights_that_are_not_finite(tmp_path):
    built = model(plain(), keras.layers.Dense(2, name="head"))
    head = built.get_layer("head")
    head.bias.assign([0.0, np.nan])
    refuse(built, tmp_path, "head", "'bias'", "NaN")
    head.bias.assign([0.0, 0.0])
    cell = built.get_layer("memory").cell
    cell.kernel.assign(cell.kernel * np.inf)
    refuse(built, tmp_path, "memory", "'encoder_x'", "NaN or infinity")


def test_accumulator_that_is_not_exact(tmp_path):
    """The remedy in the message is a type with which the conversion succeeds."""
    built = model(plain(return_sequences=False), keras.layers.Dense(2, name="head"))
    settings = config(built)
    settings["LayerName"]["head"]["Precision"]["accum"] = "fixed<16,6>"
    with pytest.raises(LmuHlsError, match=r"'head': 'accum'.*does not hold the exact sum; use 'auto'") as error:
        convert(built, tmp_path, settings)
    settings["LayerName"]["head"]["Precision"]["accum"] = str(error.value).split("at least ")[1]
    convert(built, tmp_path, settings)


def test_maximum_precision(tmp_path):
    built = model(plain())
    settings = hls4ml.utils.config_from_keras_model(built, backend="Vitis", max_precision="fixed<20,8>")
    refuse(built, tmp_path, "'u_accum'", "remove max_precision", hls_config=settings)
    settings["Model"]["Precision"]["maximum"] = "fixed<48,20>"
    convert(built, tmp_path, settings)


def test_rnn_around_an_lmu_cell_is_refused_like_an_lmu(tmp_path):
    cell = LMUCell(1, 2, 8, OwnCell(3))
    refuse(model(keras.layers.RNN(cell, name="memory")), tmp_path, "memory", "OwnCell")


def test_functions_that_are_put_back_check_once(monkeypatch):
    """A second check would meet the layers that the first one has put for operators."""
    converters = hls4ml.converters
    for name in ("convert_from_keras_model", "parse_keras_v3_model", "convert_from_config"):
        inner = vars(converters)[name]
        with monkeypatch.context() as patch:
            patch.setattr(converters, name, len)
            assert getattr(converters, name).__wrapped__ is len
        assert vars(converters)[name] is inner


def test_a_conversion_parses_its_model_once_and_forgets_it(monkeypatch, tmp_path):
    calls, handle = [], LMUHandler.handle

    def counted(self, *arguments):
        calls.append(self)
        return handle(self, *arguments)

    monkeypatch.setattr(LMUHandler, "handle", counted)
    built = model(plain())
    settings = config(built)
    del calls[:]
    convert(built, tmp_path, settings)
    assert len(calls) == 1
    layer = built.layers[-1]
    layer.set_weights([2 * values for values in layer.get_weights()])
    changed = convert(built, tmp_path, settings)
    assert len(calls) == 2
    kernel = next(node for node in changed.get_layers() if node.class_name == "LMU").get_attr("encoder_x_data")
    assert np.array_equal(kernel, np.asarray(layer.cell.kernel)[:N_IN])
    first, second = (hls4ml.converters.parse_keras_v3_model(built)[0] for _ in range(2))
    assert len(calls) == 4 and first is not second
