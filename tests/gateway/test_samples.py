"""What the demo sends is of types that its tenant has."""

from __future__ import annotations

from itertools import islice

from carillon_gateway.samples import SAMPLES
from carillon_server.bundle.loader import load_catalog
from carillon_server.bundle.shipped import shipped_catalogs
from carillon_server.rendering.schema import SchemaCompiler


def test_every_sample_fits_a_type_of_the_shipped_catalogs() -> None:
    catalogs = [load_catalog(folder).bundle for folder in shipped_catalogs()]
    types = {kind["name"]: kind for catalog in catalogs for kind in catalog["types"]}
    for sample in islice(SAMPLES, 4):
        schema = types[sample["type"]]["data_schema"]
        assert not SchemaCompiler()(schema).violations(sample["data"]), sample["type"]
