"""The table of sites, and joining records to it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading import checks
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.sites import sites_checksum

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Site:
    """One measured parameter, module output or tensor; the fields are those of ``Site`` in records.proto."""

    name: str
    aliases: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    frozen: bool
    module: str
    module_type: str | None
    device: str | None
    parameter_group: int | None
    output: bool = False
    """Whether it is what a module returns; then only the stage "activation" has numbers of it."""

    @classmethod
    def from_record(cls, record: pb.Site) -> "Site":
        """A site, absent values as None."""
        return cls(
            name=record.name,
            aliases=tuple(record.aliases),
            shape=checks.shape(record.shape),
            dtype=record.dtype,
            frozen=record.frozen,
            module=record.module,
            module_type=record.module_type or None,
            device=record.device or None,
            parameter_group=record.parameter_group or None,
            output=record.output,
        )


class AboutSites(Protocol):
    """A record about the first ``site_count`` sites of the table with this checksum."""

    @property
    def site_count(self) -> int:
        """How many sites, the first ones of the table."""
        ...

    @property
    def sites_checksum(self) -> int:
        """Checksum of their names."""
        ...


@dataclass(frozen=True)
class SiteTable:
    """One stored table."""

    sites: tuple[Site, ...]

    @classmethod
    def from_record(cls, record: pb.Sites) -> "SiteTable":
        """The table; raises DamagedRecord where names repeat."""
        checks.site_count(len(record.sites))
        table = cls(tuple(Site.from_record(site) for site in record.sites))
        checks.require(len({site.name for site in table.sites}) == len(table.sites), "two of its sites share a name")
        return table

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the table."""
        return tuple(site.name for site in self.sites)

    def fits(self, record: AboutSites) -> bool:
        """Whether a record was written with this table or an earlier state of it."""
        count = record.site_count
        return count <= len(self.sites) and self._checksum(count) == record.sites_checksum

    def _checksum(self, count: int) -> int:
        if count not in self._checksums:
            self._checksums[count] = sites_checksum(self.names[:count])
        return self._checksums[count]

    @cached_property
    def _checksums(self) -> dict[int, int]:
        return {}


@dataclass(frozen=True)
class SiteUnion:
    """All sites of a group: those of the newest table, then what only older tables have."""

    tables: tuple[SiteTable, ...]
    """Newest first."""

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Each name once, as the newest table that has it describes it."""
        found: dict[str, Site] = {}
        for table in self.tables:
            for site in table.sites:
                found.setdefault(site.name, site)
        return tuple(found.values())

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each name is in ``sites``."""
        return {site.name: position for position, site in enumerate(self.sites)}

    def join(self, record: AboutSites) -> Positions:
        """Position in ``sites`` of each site of a record. Raises DamagedRecord where no table fits."""
        key = (record.site_count, record.sites_checksum)
        if key not in self._joined:
            self._joined[key] = self._join(record)
        return self._joined[key]

    def _join(self, record: AboutSites) -> Positions:
        for table in self.tables:
            if table.fits(record):
                names = table.names[: record.site_count]
                return np.fromiter((self.position[name] for name in names), np.intp, len(names))
        raise DamagedRecord("no table of sites fits it")

    @cached_property
    def _joined(self) -> dict[tuple[int, int], Positions]:
        return {}
