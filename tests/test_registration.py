"""Keras knows the layers once both packages are imported, in either order; alone, lmu_hls imports no Keras."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.backends import supported_backend
from tests.support.small_model import small_model

ROOT = Path(__file__).resolve().parents[1]
ORDERS = {
    "lmu_hls first": "import lmu_hls, keras",
    "keras first": "import keras, lmu_hls",
    "a part of keras": "import lmu_hls; from keras.models import load_model; import keras",
    "through tensorflow": "import lmu_hls; import tensorflow; tensorflow.keras.layers; import keras",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("registration") / "small.keras"
    small_model().save(path)
    return path


def run(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "order", [pytest.param(name, marks=pytest.mark.slow if k > 1 else ()) for k, name in enumerate(ORDERS)]
)
def test_a_saved_model_loads(saved, order):
    done = run(f"{ORDERS[order]}\nassert type(keras.models.load_model({str(saved)!r}).layers[0]) is lmu_hls.LMU")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "order", ["import lmu_hls; lmu_hls.LMU", pytest.param("import lmu_hls, keras", marks=pytest.mark.slow)]
)
def test_quantized_models_are_known_with_the_layers(order):
    done = run(f"{order}\nimport keras\nassert keras.saving.get_registered_object('lmu_hls>QuantizedModel')")
    assert done.returncode == 0, done.stderr


def test_lmu_hls_alone_imports_no_keras(saved):
    code = "import sys, lmu_hls, lmu_hls.cli, lmu_hls.report, lmu_hls.doctor, lmu_hls.synth\n"
    done = run(code + "print([n for n in ('keras', 'tensorflow', 'hls4ml') if n in sys.modules])")
    assert done.stdout == "[]\n", done.stderr


def test_a_keras_that_the_layers_cannot_use_is_still_imported(tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("__version__ = '1'\n")
    done = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport lmu_hls, keras\nassert keras.__version__ == '1'\n"
        "try: lmu_hls.LMU\nexcept (ImportError, AttributeError): print('told')"
    )
    assert done.stdout == "told\n", done.stderr


@pytest.mark.slow
def test_seeded_fault_without_the_hook_the_layer_is_unknown(saved):
    code = "import lmu_hls\nimport sys\nsys.meta_path[:] = [f for f in sys.meta_path if "
    code += "getattr(f, 'name', '') != 'keras']\nimport keras\n"
    done = run(code + f"keras.models.load_model({str(saved)!r})")
    assert done.returncode == 1 and "LMU" in done.stderr


def first_of_each_package():
    """Of each package with modules that need hls4ml for their own sake, the first one: hls4ml may be imported by it."""
    found = {}
    for path in sorted((ROOT / "lmu_hls").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "lmu_hls").with_suffix("").parts)
        if path.stem != "__init__" and re.search(r"^(from|import) hls4ml", path.read_text(), re.MULTILINE):
            found.setdefault(path.parent, module)
    return list(found.values())


def test_packages_that_need_hls4ml():
    assert {"backend.verilog", "blackbox.project", "hls.accelerator"} <= set(first_of_each_package())


@pytest.mark.parametrize("first", [*first_of_each_package(), "hls.names", "front.graph.settle", "backend", "flow.data"])
def test_hls4ml_knows_all_of_the_plugin_whatever_is_imported_first(first):
    """Names of layers go unescaped into C++ where the plugin is left out, or half of it."""
    code = f"""
import lmu_hls.{first}
from hls4ml.backends.backend import get_backend
from hls4ml.model.flow import get_flow
from hls4ml.model.optimizer.optimizer import optimizer_map
from lmu_hls.hls.names import WriteSafely
assert get_backend("Vitis").supports_lmu and "lmu_settle_types" in get_flow("convert").optimizers
assert "lmu_name_types" in get_flow("vivado:specific_types").optimizers
assert isinstance(optimizer_map["vitis:write_hls"].write, WriteSafely)  # inside the pass that adds blackboxes
assert get_backend("Vitis").rtl_blackbox
get_backend("Verilog")
"""
    done = run(code)
    assert done.returncode == 0 and "WARNING: backend plugin" not in done.stdout, done.stdout + done.stderr


NO_ENTRY = """
from importlib import metadata
found = metadata.entry_points
class None_:
    def select(self, **kinds): return ()
metadata.entry_points = lambda **kinds: found(**kinds) if kinds else None_()
import lmu_hls, sys
{}
import hls4ml
from hls4ml.backends.backend import get_available_backends
from hls4ml.model.layers import layer_map
assert "keras" not in sys.modules
print("LMU" in layer_map, "verilog" in get_available_backends())
"""


def test_hls4ml_knows_a_package_without_its_entry_point():
    done = run(NO_ENTRY.format(""))
    assert done.stdout == "True True\n", done.stdout + done.stderr


def test_seeded_fault_without_the_hook_hls4ml_does_not_know_it():
    done = run(NO_ENTRY.format("sys.meta_path[:] = [f for f in sys.meta_path if getattr(f, 'name', '') != 'hls4ml']"))
    assert done.stdout == "False False\n", done.stdout + done.stderr


def test_no_backend_is_told_with_the_reason():
    with pytest.raises(LmuHlsError, match=r"could not be registered with it; import lmu_hls\.plugin"):
        supported_backend("Vitis", [])
