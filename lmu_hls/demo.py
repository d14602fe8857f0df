"""The whole chain on real speech: train, convert, verify, synthesise, place and route, report.

Data: Japanese Vowels, 270 training and 370 test utterances of /ae/ by nine speakers, 12 LPC cepstra a frame, 7 to 29
frames (Kudo, Toyama, Shimbo, 1999), from the aeon package. The task is to tell the speaker.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls import flow
from lmu_hls.configurations import DEMO
from lmu_hls.errors import LmuHlsError
from lmu_hls.report import Report, write_report
from lmu_hls.synth import Routing, place_units, synthesize_units
from lmu_hls.synth.families import DEFAULT, target_of
from lmu_hls.toolchain import find, need

SEED = 1
EPOCHS = 60
PRECISION = "fixed<16,6>"
REUSE_FACTOR = 96
DEVICE = "ecp5-85k"  # placed and routed where nextpnr is there
# Utterances that go through each simulator.
SIMULATED: Mapping[str, int] = {"verilator": 370, "icarus": 10}


def load_speech(split: str) -> flow.Data:
    """The "train" or "test" utterances as x (utterances, 29, 12) and the speaker 0..8 of each.

    Shorter utterances are padded with zeros in front: the memory starts from zero and stays there until the speech
    begins.
    """
    try:
        from aeon.datasets import load_japanese_vowels
    except ImportError as error:
        raise LmuHlsError(
            f"the demo's data needs the aeon package ({error}); install it with: pip install aeon"
        ) from error
    utterances, speakers = load_japanese_vowels(split)
    x = np.zeros((len(utterances), DEMO.steps, utterances[0].shape[0]))
    for row, utterance in zip(x, utterances, strict=True):
        row[DEMO.steps - utterance.shape[1] :] = utterance.T
    return flow.Data(x, np.asarray(speakers).astype(np.int64) - 1)


def build_model() -> Any:
    """An LMU with 6 memory channels of order 6 over the whole utterance, a Dense relu cell and a Dense head."""
    return DEMO.keras_model(dropout=0.1, head_dropout=0.2)


def train(data: flow.Data, progress: flow.Progress) -> Any:
    """The model, trained from a fixed seed."""
    import keras

    keras.utils.set_random_seed(SEED)
    model = build_model()
    batch = 30
    steps = EPOCHS * -(-len(data.x) // batch)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress("training", epoch + 1, EPOCHS))
    model.fit(data.x, data.y, batch_size=batch, epochs=EPOCHS, verbose=0, callbacks=[tell])
    return model


def run(outdir: Path, *, force: bool = False, progress: flow.Progress = flow.no_progress) -> Report:
    """Everything from training to the report in ``outdir``; the report's ``passed`` says whether all is bit-exact."""
    flow.check_free(outdir, force)  # before the training, not after it
    simulators = [name for name in SIMULATED if find(name).found]
    if not simulators:
        need("verilator")
    training, test = load_speech("train"), load_speech("test")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "vowels.keras"
        train(training, progress).save(path)
        flow.convert(flow.load_model(path), outdir, precision=PRECISION, reuse_factor=REUSE_FACTOR, force=force)
    np.savez_compressed(outdir / "test.npz", x=np.asarray(test.x), y=np.asarray(test.y))
    test = replace(test, label="test.npz", option="--data test.npz", path=outdir / "test.npz")
    flow.verify(flow.OutputFolder(outdir), test, simulators=simulators, rtl_samples=SIMULATED, progress=progress)
    routed = [DEVICE] if find(target_of(DEVICE).routable[1].tool).found else []
    resources = synthesize_units(outdir, [DEFAULT, *routed], progress, jobs=2)
    if routed:
        place_units(outdir, [item for item in resources if item.target == DEVICE], Routing(), progress)
    return write_report(outdir)
