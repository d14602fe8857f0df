"""The pieces of examples/keyword_spotting; the training itself takes minutes."""

import inspect
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import examples.keyword_spotting.__main__ as main
import lmu_hls
from examples import resuming
from examples.keyword_spotting import (
    audio,
    dataset,
    features,
    hardware,
    listening,
    models,
    networks,
    recordings,
    synthetic,
)
from examples.keyword_spotting.recordings import KEYWORDS, LABELS, OTHERS, SILENCE, UNKNOWN
from lmu_hls import flow
from lmu_hls.errors import LmuHlsError, VerificationFailed
from lmu_hls.spec import store
from tests.test_mirror import ROOT

SMALL = recordings.Version("a small folder", recordings=3 * 35, validation=35, test=35)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three recordings of each word, one for each split."""
    root = tmp_path_factory.mktemp("words")
    rng = np.random.default_rng(0)
    for word in (*KEYWORDS, *OTHERS):
        for name in "abc":
            audio.write_wav(root / word / f"{name}_nohash_0.wav", 0.3 * rng.normal(size=9000).astype(np.float32))
    for split, name in {"validation": "b", "test": "c"}.items():
        lines = [f"{word}/{name}_nohash_0.wav\n" for word in (*KEYWORDS, *OTHERS)]
        (root / recordings.LISTS[split]).write_text("".join(lines))
    audio.write_wav(root / recordings.NOISE / "white.wav", audio.coloured(rng, 20_000, 0.0))
    return root


def test_the_official_split_of_a_folder(folder):
    corpus = recordings.read_folder(folder, SMALL)
    for split, name in {"train": "a", "validation": "b", "test": "c"}.items():
        items = corpus.splits[split]
        assert {item.path.name[0] for item in items if item.path} == {name}
        labels = [LABELS[item.label] for item in items]
        assert sorted(labels) == sorted((*KEYWORDS, UNKNOWN, SILENCE))
        (unknown,) = (item.path for item in items if LABELS[item.label] == UNKNOWN)
        assert unknown.parent.name in OTHERS


def test_a_folder_that_is_not_whole_or_another_version_is_refused(folder, tmp_path):
    with pytest.raises(LmuHlsError, match=r"has 105 recordings, 35 for .*, not 105,829, 9,981 and 11,005; unpack"):
        recordings.read_folder(folder)
    with pytest.raises(LmuHlsError, match=r"no readable validation_list\.txt"):
        recordings.read_folder(tmp_path, SMALL)
    with pytest.raises(LmuHlsError, match=rf"no readable validation_list\.txt .*; give {folder}, or leave"):
        recordings.read_folder(folder.parent, SMALL)
    part = shutil.copytree(folder, tmp_path / "part")
    lists = part / recordings.LISTS["test"]
    lists.write_text(lists.read_text() + "yes/d_nohash_0.wav\n")
    with pytest.raises(LmuHlsError, match=r"yes/d_nohash_0\.wav is listed, but not there \(1 such\); unpack"):
        recordings.read_folder(part, SMALL)
    lists.write_text(lists.read_text().replace("yes/d", "yes/b"))
    with pytest.raises(LmuHlsError, match=r"yes/b_nohash_0\.wav is in both lists; unpack"):
        recordings.read_folder(part, SMALL)
    shutil.copy(folder / recordings.LISTS["test"], lists)
    shutil.rmtree(part / "stop")
    with pytest.raises(LmuHlsError, match=r"has 102 recordings, .*, and lacks stop; unpack"):
        recordings.read_folder(part, SMALL)


# Recordings of each word in version 0.02; the words that are not there have none in version 0.01
OFFICIAL = {
    **dict(backward=1664, bed=2014, bird=2064, cat=2031, dog=2128, down=3917, eight=3787, five=4052, follow=1579),
    **dict(forward=1557, four=3728, go=3880, happy=2054, house=2113, learn=1575, left=3801, marvin=2100, nine=3934),
    **dict(no=3941, off=3745, on=3845, one=3890, right=3778, seven=3998, sheila=2022, six=3860, stop=3872),
    **dict(three=3727, tree=1759, two=3880, up=3723, visual=1592, wow=2123, yes=4044, zero=4052),
}
NOISES = ("doing_the_dishes", "dude_miaowing", "exercise_bike", "pink_noise", "running_tap", "white_noise")


def official(root, words, listed, parts):
    """A folder of that form, a part in ``parts`` of each word: names of the files alone, which is what is counted."""
    names = []
    for word, count in words.items():
        (root / word).mkdir(parents=True)
        for k in range(count // parts):
            name = f"{word}/{hash((word, k)) & 0xFFFFFFFF:08x}_nohash_{k % 5}_{k}.wav"
            (root / name).touch()
            names.append(name)
    (root / recordings.NOISE).mkdir()
    for name in (*(f"{noise}.wav" for noise in NOISES), "README.md"):
        (root / recordings.NOISE / name).touch()
    for name in ("LICENSE", "README.md", ".DS_Store"):
        (root / name).touch()
    taken = iter(np.random.default_rng(0).permutation(names))
    for split, count in zip(recordings.LISTS, listed, strict=True):
        lines = sorted(str(next(taken)) for _ in range(count // parts))
        (root / recordings.LISTS[split]).write_text("".join(f"{line}\n" for line in lines))
    return len(names)


@pytest.mark.parametrize("parts", [100, pytest.param(1, marks=pytest.mark.slow)])
def test_a_folder_of_the_official_form(parts, tmp_path):
    counts = recordings.SPEECH_COMMANDS.validation, recordings.SPEECH_COMMANDS.test
    whole = official(tmp_path / "whole", OFFICIAL, counts, parts)
    version = recordings.Version("a part", whole, *(count // parts for count in counts))
    assert parts > 1 or version == recordings.Version("a part", 105_829, 9_981, 11_005)
    corpus = recordings.read_folder(tmp_path / "whole", version)
    assert {path.stem for path in corpus.noise} == set(NOISES)
    keywords = sum(OFFICIAL[word] // parts for word in KEYWORDS)
    seen = {split: [LABELS[item.label] for item in items] for split, items in corpus.splits.items()}
    assert sum(label in KEYWORDS for labels in seen.values() for label in labels) == keywords
    for labels in seen.values():  # a tenth of the keywords each, at least one
        share = max(1, round(recordings.SHARE * sum(label in KEYWORDS for label in labels)))
        assert set(labels) == set(LABELS) and labels.count(UNKNOWN) == labels.count(SILENCE) == share
    files = [item.path for items in corpus.splits.values() for item in items if item.path]
    assert len(files) == len(set(files))
    official(
        tmp_path / "old", {w: n for w, n in OFFICIAL.items() if w not in recordings.SINCE_2}, (6_798, 6_835), parts
    )
    with pytest.raises(LmuHlsError, match=r"lacks backward, follow, .*: version 0\.01 has no such words; give version"):
        recordings.read_folder(tmp_path / "old", version)


def test_the_command_trains_on_a_folder_of_the_official_form(tmp_path, monkeypatch):
    """From WAV files in that form to a model on integers; the counts are those of a small part."""
    counts = recordings.SPEECH_COMMANDS.validation // 1000, recordings.SPEECH_COMMANDS.test // 1000
    whole = official(tmp_path / "words", OFFICIAL, (1000 * counts[0], 1000 * counts[1]), 1000)
    rng = np.random.default_rng(1)
    for path in (tmp_path / "words").glob("*/*.wav"):  # most of version 0.02 last a second, some less
        audio.write_wav(path, 0.1 * rng.normal(size=int(rng.choice([16_000, 11_146]))).astype(np.float32))
    version = recordings.Version("a part", whole, *counts)
    read = recordings.read_folder
    monkeypatch.setattr(recordings, "read_folder", lambda folder: read(folder, version))
    out = tmp_path / "out"
    options = dict(speech_commands=tmp_path / "words", outdir=out, network="lmu4", train_only=True, quick=True)
    epochs = dict(float_epochs=1, pruning_epochs=1, integer_epochs=1)
    main.run(**DEFAULTS | options | epochs | dict(sparsity=0.5, distill=0.5, decay=0.3, teach=0.5))
    rows = json.loads((out / "training-lmu4-50-zero-distilled-decay-0.3-taught.json").read_text())
    assert rows["data"].startswith("a part: ") and rows["accuracy, 4-bit weights and 7-bit values"].endswith(
        "validation"
    )
    quantized = keras.models.load_model(out / "lmu4-50-zero-distilled-decay-0.3-taught-quantized.keras")
    assert quantized.predict(np.zeros((1, 49, 20), np.float32), verbose=0).shape == (1, len(LABELS))
    (tmp_path / "words" / "yes").rename(tmp_path / "words" / "yes please")
    with pytest.raises(LmuHlsError, match=r"lacks yes; unpack its archive again"):
        main.run(**DEFAULTS | options)


DEFAULTS = {name: item.default for name, item in inspect.signature(main.run).parameters.items()}


def test_speakers_of_the_test_are_not_in_training():
    whole, part = synthetic.planned(synthetic.Plan(20, 2)), synthetic.planned(synthetic.Plan(10, 1))
    assert set(part) < set(whole) and len({item.name for item in whole}) == len(whole) == 20 * 2 * 12
    speakers = {split: {s for s in synthetic.SPEAKERS if synthetic.split_of(s) == split} for split in recordings.SPLITS}
    assert [len(names) for names in speakers.values()] == [49, 7, 14]
    lists = synthetic._lists(whole)
    assert all(name.split("/")[1].split("_")[0] in speakers[split] for split in lists for name in lists[split])


def test_without_espeak_one_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic.shutil, "which", lambda name: None)
    with pytest.raises(LmuHlsError, match=r"not installed\. Install it with: apt-get install espeak-ng; or give"):
        synthetic.corpus(tmp_path, synthetic.Plan(5, 1), 1, lambda done, total: None)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_words_are_spoken_once_and_a_voice_that_is_absent_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "planned", lambda plan: [item for item in PLANNED if item.word == "yes"])
    monkeypatch.setattr(synthetic, "read_folder", lambda folder, version: version)
    told = []
    made = synthetic.corpus(tmp_path, synthetic.Plan(), 1, lambda done, total: told.append(done))
    assert made == recordings.Version(synthetic.NAME, 5, 0, 1) and told == [0, 1, 2, 3, 4, 5]
    (path,) = (tmp_path / "yes").glob("m1_*.wav")
    assert 0.2 < len(audio.read_wav(path)) / audio.RATE < 1.5 and not list((tmp_path / "yes").glob("*.raw"))
    synthetic.corpus(tmp_path, synthetic.Plan(), 1, lambda done, total: told.append(done))
    assert told[6:] == [5]
    with pytest.raises(LmuHlsError, match=r"cannot speak with the voice xx-none\+m1 .*install version 1\.51"):
        synthetic._speak(synthetic.Utterance("yes", "m1", 0, "xx-none", 150, 50), tmp_path)
    monkeypatch.setattr(synthetic, "SPEAKERS", (*synthetic.SPEAKERS, "nobody"))
    with pytest.raises(LmuHlsError, match=r"lacks 1 of 71 voice variants \(nobody, \.\.\.\); install version 1\.51"):
        synthetic.corpus(tmp_path, synthetic.Plan(), 1, lambda done, total: None)


PLANNED = synthetic.planned(synthetic.Plan(5, 1))


def test_a_wav_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"RIFF")
    with pytest.raises(LmuHlsError, match="is no readable WAV file"):
        audio.read_wav(tmp_path / "x.wav")
    samples = np.array([0.5, -0.25, 2.0, -2.0], np.float32)
    audio.write_wav(tmp_path / "y.wav", samples)
    assert audio.read_wav(tmp_path / "y.wav").tolist() == [0.5, -0.25, 1 - 1 / 32768, -1.0]


def test_clips_are_a_second_and_move_in_time():
    short, long = np.ones(1000, np.float32), np.arange(20_000, dtype=np.float32)
    assert np.flatnonzero(audio.clip(short)).tolist() == list(range(7500, 8500))
    assert np.flatnonzero(audio.clip(short, 100)).tolist() == list(range(7600, 8600))
    assert audio.clip(long).tolist() == list(range(2000, 18_000))
    assert audio.clip(long, 2100)[:101].tolist() == [0.0] * 100 + [0.0]
    assert audio.trimmed(np.pad(short, 50)).tolist() == short.tolist()
    assert len(audio.stretched(long, 1.1)) == 22_000 and audio.stretched(long, 2.0)[3] == 1.5


def test_mfcc_are_frames_of_40_ms_every_20():
    rng = np.random.default_rng(1)
    sound = rng.normal(size=(2, audio.CLIP)).astype(np.float32)
    values = features.mfcc(sound)
    assert values.shape == (2, features.FRAMES, features.COEFFICIENTS) == (2, 49, 40)
    assert np.allclose(features.mfcc(sound[:, 320:])[:, :48], values[:, 1:], atol=1e-3)  # a frame later
    louder = features.mfcc(2 * sound) - values  # the same step in all bands
    assert np.allclose(louder[..., 0], np.log(4) * np.sqrt(2 * features.BANDS), atol=1e-2)
    assert np.abs(louder[..., 1:]).max() < 1e-2


def test_without_tensorflow_one_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(main.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LmuHlsError, match=r"not installed: pip install tensorflow; or give --features FILE"):
        main._corpus(tmp_path, None, main.QUICK, 1, lambda what, done, total: None)


def test_a_dataset_is_normalized_and_kept(folder, tmp_path):
    corpus = recordings.read_folder(folder, SMALL)
    told = []
    data = dataset.dataset(corpus, 2, tmp_path, lambda done, total: told.append((done, total)))
    assert [len(split.y) for split in data.splits.values()] == [24, 12, 12] and told == [(48, 48)]
    assert np.abs(data.train.x.mean((0, 1))).max() < 1e-3 and np.abs(data.train.x.std((0, 1)) - 1).max() < 1e-3
    first, second = data.train.x[0], data.train.x[1]
    assert data.train.y[0] == data.train.y[1] and not np.allclose(first, second)  # two copies, each with its own noise
    again = dataset.dataset(corpus, 2, tmp_path, lambda done, total: told.append((done, total)))
    assert len(told) == 1 and np.array_equal(again.test.x, data.test.x)
    (kept,) = tmp_path.glob("mfcc-*.npz")
    assert kept.stem == f"mfcc-{data.digest}" and dataset.stored(kept).source == corpus.source


def test_a_file_without_mfcc_is_refused(tmp_path):
    absent, text, other, short = (tmp_path / f"{name}.npz" for name in ("absent", "text", "other", "short"))
    text.write_text("MFCC")
    np.savez(other, x=np.zeros(3))
    arrays = {f"{name}_{split}": np.zeros(2, np.int64) for name in "xy" for split in recordings.SPLITS}
    np.savez(short, source="words", digest="0", mean=0, deviation=1, **arrays)
    for path in (absent, text, other):
        with pytest.raises(LmuHlsError, match=rf"{path.name} has no MFCC of keywords .*; give data/mfcc-"):
            dataset.stored(path)
    with pytest.raises(LmuHlsError, match=r"x_train \(2,\) and y_train are not 49 frames of 40 coefficients"):
        dataset.stored(short)


def test_models_are_trained_once_and_those_of_other_settings_beside_them(tmp_path, monkeypatch):
    """Each training is a copy of the model before it; what is counted is which trainings run."""
    made = []

    def note(what):
        return lambda *arguments, **options: made.append(what) or what

    trainings = ("train", "train_pruned", "quantized", "with_learned_types", "train_integers")
    for name in trainings:
        monkeypatch.setattr(models.training, name, note(name))

    def kept_model(path, state, make):
        if not (path.is_file() and path.read_text() == state):
            make()
            path.write_text(state)
        return resuming.Kept(path.stem, path, 1.0, "jax")

    monkeypatch.setattr(models, "kept_model", kept_model)
    data = SimpleNamespace(digest="0")
    plan = models.Plan("lmu4", False, 1, 0.9, 2, 0.0, 1e-4, 0.0, 0.01, models.Epochs())

    def trained(plan):
        made.clear()
        return models.trained(plan, data, tmp_path, print)

    first = trained(plan)
    assert made == list(trainings) and first.effort == "1 s (jax), 1 s (jax), 1 s (jax)"
    assert (
        first.saved.name == "lmu4-90-zero-by-2-price-0.01-quantized.keras" and first.pruned == "lmu4-90-zero-by-2-float"
    )
    assert trained(plan).saved == first.saved and not made
    trained(replace(plan, price=0.0))
    assert made == ["quantized", "train_integers"]
    trained(replace(plan, sparsity=0.0, lanes=1))
    assert made == ["quantized", "with_learned_types", "train_integers"]
    taught = trained(replace(plan, teach=0.5))
    assert made == ["quantized", "with_learned_types", "train_integers"] and "-taught-price" in taught.saved.name
    decayed = trained(replace(plan, decay=0.3))
    assert made == list(trainings)[1:] and "-decay-0.3-price" in decayed.saved.name
    trained(replace(plan, seed=2))
    assert made == list(trainings)
    trained(replace(plan, epochs=models.Epochs(float=1)))
    assert made == list(trainings)


def test_sizes_are_those_of_the_papers_table():
    for name, row in networks.PUBLISHED.items():
        weights = networks.configuration(name, feedback=False).keras_model().count_params()
        assert abs(weights * networks.WEIGHT_BITS / 1000 / row.kbit - 1) < 0.01
    cell = networks.configuration("lmu4", feedback=True).keras_model().get_layer("lmu").cell
    assert cell.hidden_to_memory and cell.memory_d * cell.order == 64


def test_kbit_are_those_of_the_types_and_leave_zeros_out():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5, 2)), lmu_hls.LMU(1, 3, 5.0, keras.layers.Dense(3), name="lmu")])
    x = np.random.default_rng(0).normal(size=(8, 5, 2))
    quantized = lmu_hls.quantize(model, weights=4, activations=7, calibration=x)
    encoder, hidden, bias = 2, 9, 3
    kernel = quantized.float_model.trainable_variables[1]
    kernel.assign(np.array(kernel) * 0 + np.eye(3) * 0.25)
    whole, left = networks.kbit(quantized)
    assert whole == (4 * (encoder + hidden) + 7 * bias) / 1000
    assert left == (4 * (encoder + 3)) / 1000  # biases are zero at first


def events(*words):
    return [listening.Event(word, float(start), float(end)) for word, start, end in words]


def test_a_word_is_detected_once_and_scored():
    logits = np.zeros((200, 12))
    logits[:, LABELS.index(SILENCE)] = 4
    logits[50:90, LABELS.index("go")] = 9
    logits[120:125, LABELS.index("stop")] = 9  # too short
    logits[150:190, LABELS.index(UNKNOWN)] = 9
    (found,) = listening.detections(logits)
    frames = 50 + int(np.ceil(listening.SMOOTHED * listening.SURE))
    assert found.word == "go" and abs(found.end - (frames * 0.02 + 0.04)) < 0.05
    spoken = events(("go", 0.5, 1.0), ("stop", 2, 3), (UNKNOWN, 3, 4))
    assert listening.score(spoken, [found]) == listening.Score(spoken=2, detected=1, false=0)
    twice = events(("go", 1.1, 1.1), ("go", 1.6, 1.6), ("stop", 5, 5))
    assert listening.score(spoken, twice) == listening.Score(spoken=2, detected=1, false=2)
    assert [line["what"] for line in listening.table(spoken, [found])] == ["spoken", "detected", "spoken", "spoken"]


def test_a_scene_has_the_words_of_the_test_where_it_says(folder):
    scene = listening.scene(recordings.read_folder(folder, SMALL), 5)
    assert len(scene.events) == 5
    for event in scene.events:
        inside = scene.audio[int(event.start * audio.RATE) : int(event.end * audio.RATE)]
        assert 0.2 < inside.std() < 0.4
    assert scene.audio[: audio.RATE // 2].std() < 0.01


def test_another_integer_of_the_stream_is_seen(converted, tmp_path, monkeypatch):
    contract = store.load(flow.OutputFolder(converted).spec)
    x = np.random.default_rng(0).normal(size=(7, contract.n_in))
    fault = [0]

    def build(sources, interface, folder, work):
        def run(x, tlast):
            outputs = listening.design(contract, listening.RtlOptions(streaming=True), 1).golden(x).copy()
            outputs.flat[-1] += fault[0]
            return SimpleNamespace(outputs=outputs)

        return SimpleNamespace(run=run)

    monkeypatch.setattr(listening.verilated, "build", build)
    assert listening.stream(contract, x, tmp_path / "verilog", 1).shape == (7, 3)
    fault[0] = 1
    with pytest.raises(VerificationFailed, match="other integers than golden in streaming mode"):
        listening.stream(contract, x, tmp_path / "other", 1)


def test_a_network_that_differs_is_not_measured(converted, monkeypatch):
    monkeypatch.setattr(hardware.flow, "verify", lambda *arguments, **options: SimpleNamespace(passed=False))
    test = dataset.Split(np.zeros((2, 5, 2), np.float32), np.zeros(2, np.int64))
    with pytest.raises(VerificationFailed, match="differ from golden"):
        hardware.measure(flow.OutputFolder(converted), test, 2, "zeros", False, False, lambda *arguments: None)


@pytest.mark.parametrize("option", [dict(lanes=2), dict(distill=0.5), dict(decay=0.3)])
def test_how_weights_are_pruned_goes_with_a_sparsity(option, tmp_path):
    with pytest.raises(
        LmuHlsError, match=r"--lanes, --distill and --decay say how weights are pruned; give --sparsity"
    ):
        main.run(**DEFAULTS | option | dict(outdir=tmp_path))


def test_the_command_has_help():
    done = subprocess.run(
        [sys.executable, "-m", "examples.keyword_spotting", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--speech-commands" in done.stdout and "goes on where it was" in done.stdout
