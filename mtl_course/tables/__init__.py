"""Three tables of a shop, as files hold them, checked and turned into one `Shop`."""

from mtl_course.tables.faults import noted, refuse
from mtl_course.tables.reading import Table, read_csv, read_parquet
from mtl_course.tables.shops import shop_from_tables

__all__ = ["Table", "noted", "read_csv", "read_parquet", "refuse", "shop_from_tables"]
