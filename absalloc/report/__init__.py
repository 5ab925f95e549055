"""The report stage: plain data to files that people read and sign.

``report.html`` and ``memo.html`` are files without a network; ``--out DIR`` holds them with the plan, the tables, the
workbook and the certificate.
"""

from absalloc.report.folder import write_check_folder, write_plan_folder
from absalloc.report.html import check_html, plan_html, write_plan_report

__all__ = ["check_html", "plan_html", "write_check_folder", "write_plan_folder", "write_plan_report"]
