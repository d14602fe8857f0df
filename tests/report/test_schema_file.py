"""docs/report.schema.json is made from the records, and describes what `report` writes and nothing else."""

import dataclasses
import json

import pytest

from tests.support.sample_records import BASIS, TRACES
from tools.report_schema import PAGE, text

fastjsonschema = pytest.importorskip("fastjsonschema", reason="fastjsonschema is not installed")


@pytest.fixture(scope="module")
def validate():
    return fastjsonschema.compile(json.loads(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def report():
    from lmu_hls.report import to_json

    return json.loads(to_json(dataclasses.replace(BASIS, traces=TRACES)))


def test_the_file_is_that_of_the_records():
    assert PAGE.read_text(encoding="utf-8") == text(), "run: python tools/report_schema.py"


def test_a_report_fits(validate, report):
    validate(report)


def break_schema(report):
    report["schema"] -= 1


def lose_a_field(report):
    del report["checks"][0]["comparison"]["exact"]


def add_a_field(report):
    report["traces"]["more"] = 1


def change_a_type(report):
    report["resources"][0]["counts"]["LUT"] = "many"


@pytest.mark.parametrize("fault", [break_schema, lose_a_field, add_a_field, change_a_type])
def test_another_report_does_not(validate, report, fault):
    fault(report)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(report)
