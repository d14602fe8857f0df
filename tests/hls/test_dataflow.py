"""Which depths of FIFOs a network of layers needs: against a simulation of single words in random order."""

from collections import Counter

import numpy as np
import pytest

from lmu_hls.hls.dataflow import Pace, Process, Rounds, cycles_of, least_depths, least_of, process

STEPS = 9


def branch(pace: Pace, fast: Pace) -> tuple[list[Process], dict[str, int]]:
    """A layer's words go through another one, or one that needs all of them first, and meet again."""
    reads = [("one", {"x": STEPS}, {"a": STEPS}, Pace()), ("copy", {"a": STEPS}, {"b": STEPS, "c": STEPS}, Pace())]
    reads += [("slow", {"b": STEPS}, {"d": STEPS}, pace), ("fast", {"c": STEPS}, {"e": STEPS}, fast)]
    network = [process(*each) for each in (*reads, ("sum", {"d": STEPS, "e": STEPS}, {"y": STEPS}, Pace()))]
    return network, dict.fromkeys("abcde", STEPS)


def test_cycles_by_hand():
    """Words enter every third cycle and stay five in the layer, another cycle in the FIFO and two in the next one."""
    chain = [
        process("one", {"x": 4}, {"a": 4}, Pace(interval=3, latency=5)),
        process("two", {"a": 4}, {"y": 4}, Pace(latency=2)),
    ]
    assert cycles_of(chain, {"a": 1}) == cycles_of(chain, {"a": 4}) == 3 * 3 + 5 + 1 + 2
    whole = [chain[0], process("two", {"a": 4}, {"y": 1}, Pace(latency=7))]
    assert cycles_of(whole, {"a": 1}) == 3 * 3 + 5 + 1 + 7


def test_a_word_a_cycle_needs_two_places():
    chain = [process(name, {x: 9}, {y: 9}) for name, x, y in (("one", "x", "a"), ("two", "a", "y"))]
    assert cycles_of(chain, {"a": 2}) == cycles_of(chain, {"a": 9}) < cycles_of(chain, {"a": 1})
    assert least_depths(chain, {"a": 9}) == {"a": 2}


def test_a_branch_that_waits_for_the_last_word_makes_the_other_hold_all():
    """But for the last word, for one in the layer and one before it; and one place less waits for ever."""
    network, words = branch(Pace(whole=True), Pace())
    least = least_of(network, words | dict.fromkeys("ac", 1), "e")
    assert least == STEPS - 3
    assert cycles_of(network, words | {"c": 1, "e": least}) is not None
    assert cycles_of(network, words | {"c": 1, "e": least - 1}) is None


@pytest.mark.parametrize("whole", [False, True])
def test_the_least_depths_cost_no_cycle_and_no_place_more(whole):
    network, words = branch(Pace(whole, interval=4, latency=30), Pace(latency=2))
    least = least_depths(network, words)
    cycles = cycles_of(network, words)
    assert cycles_of(network, least) == cycles
    assert least["e"] > 2 >= max(least[name] for name in "abd"), "the last FIFO in line holds the words"
    for name, depth in least.items():
        if depth > 1:
            slower = cycles_of(network, least | {name: depth - 1})
            assert slower is None or slower > cycles


def word_by_word(network: list[Process], depths: dict[str, int], rng: np.random.Generator) -> bool:
    """Whether all come to their end, a read or a write at a time of any process that can."""
    programs = [
        [
            (kind, name)
            for rounds in one
            for kind, names in (("r", rounds.reads), ("w", rounds.writes))
            for name in names
        ]
        for one in network
    ]
    places, held = [0] * len(network), Counter()
    while True:
        able = []
        for k, (program, place) in enumerate(zip(programs, places, strict=True)):
            if place < len(program):
                kind, name = program[place]
                if name not in depths or (held[name] > 0 if kind == "r" else held[name] < depths[name]):
                    able.append(k)
        if not able:
            return all(place == len(program) for program, place in zip(programs, places, strict=True))
        k = int(rng.choice(able))
        kind, name = programs[k][places[k]]
        held[name] += 1 if kind == "w" else -1
        places[k] += 1


def random_network(rng: np.random.Generator) -> tuple[list[Process], dict[str, int]]:
    """Layers of one or two inputs and outputs, each tensor read once; what none reads leaves the network."""
    network, free, words, count = [], ["x"], {"x": int(rng.integers(1, 6))}, 0
    for k in range(int(rng.integers(3, 8))):
        picked = [free.pop(int(rng.integers(len(free)))) for _ in range(min(len(free), int(rng.integers(1, 3))))]
        gives = words[picked[0]] if rng.random() < 0.6 else int(rng.integers(1, 6))
        outs = [f"t{count + j}" for j in range(int(rng.integers(1, 3)))]
        count += len(outs)
        words |= dict.fromkeys(outs, gives)
        free += outs
        pace = Pace(bool(rng.random() < 0.3), int(rng.integers(1, 4)), int(rng.integers(1, 9)))
        network.append(process(f"p{k}", {name: words[name] for name in picked}, dict.fromkeys(outs, gives), pace))
    return network, {name: words[name] for name in words if name not in (*free, "x")}


def test_random_networks_wait_for_ever_where_single_words_do():
    rng, ended = np.random.default_rng(0), Counter()
    for _ in range(150):
        network, words = random_network(rng)
        depths = {name: int(rng.integers(1, 3)) for name in words}
        ends = cycles_of(network, depths) is not None
        assert ends == word_by_word(network, depths, rng)
        ended[ends] += 1
        assert word_by_word(network, least_depths(network, words), rng)
    assert min(ended.values()) > 10, "both ends are common"


def test_a_seeded_fault_in_the_order_is_seen():
    """A layer that is said to write at once, and in truth reads all first, would get a FIFO that is too small."""
    said, words = branch(Pace(), Pace())
    truth, _ = branch(Pace(whole=True), Pace())
    assert cycles_of(truth, least_depths(said, words)) is None
    assert Rounds(STEPS, ("b",), ("d",)) in said[2].rounds
