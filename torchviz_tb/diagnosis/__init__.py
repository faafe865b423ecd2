"""What went wrong in a run, where, since when, and why we think so."""

from torchviz_tb.diagnosis.diagnose import diagnose, findings
from torchviz_tb.diagnosis.finding import Finding, Severity

__all__ = ["Finding", "Severity", "diagnose", "findings"]
