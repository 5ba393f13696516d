"""The allow-list of functions on URLs and on IP addresses and networks."""

from collections.abc import Mapping, Sequence

from trailbook.local.engine.signatures import Signature, signature

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "url_decode": [signature("varchar -> varchar", "tb_url_decode({0})")],
    "url_encode": [signature("varchar -> varchar", "tb_url_encode({0})")],
    **{
        f"url_extract_{part}": [signature("varchar -> varchar", f"tb_url_{part}({{0}})")]
        for part in ("protocol", "host", "path", "query", "fragment")
    },
    "url_extract_port": [signature("varchar -> bigint", "tb_url_port({0})")],
    "url_extract_parameter": [signature("varchar, varchar -> varchar", "tb_url_parameter({0}, {1})")],
}
