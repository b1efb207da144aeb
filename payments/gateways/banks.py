"""Names of the banks behind NAPAS acquirer numbers (BIN), for people who type a transfer by hand."""

from __future__ import annotations

NAMES = {
    "546034": "CAKE by VPBank",
    "546035": "Ubank by VPBank",
    "963369": "Liobank",
    "963388": "Timo",
    "970400": "SaigonBank",
    "970403": "Sacombank",
    "970405": "Agribank",
    "970406": "Vikki Bank",
    "970407": "Techcombank",
    "970409": "BacA Bank",
    "970412": "PVcomBank",
    "970414": "MBV",
    "970415": "VietinBank",
    "970416": "ACB",
    "970418": "BIDV",
    "970419": "NCB",
    "970422": "MB Bank",
    "970423": "TPBank",
    "970424": "Shinhan Bank",
    "970425": "ABBank",
    "970426": "MSB",
    "970427": "VietABank",
    "970428": "Nam A Bank",
    "970429": "SCB",
    "970430": "PGBank",
    "970431": "Eximbank",
    "970432": "VPBank",
    "970433": "VietBank",
    "970436": "Vietcombank",
    "970437": "HDBank",
    "970438": "BaoViet Bank",
    "970440": "SeABank",
    "970441": "VIB",
    "970443": "SHB",
    "970446": "Co-op Bank",
    "970448": "OCB",
    "970449": "LPBank",
    "970452": "KienlongBank",
    "970454": "BVBank",
    "971025": "MoMo",
}


def bank_name(bank_bin: str) -> str:
    """The name people know; the number itself for a bank that is not in the list."""
    return NAMES.get(bank_bin, bank_bin)
