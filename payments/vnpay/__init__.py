"""VNPay's merchant protocol 2.1.0. No Django, no database: bytes in, values out.

"Section N" in this package is a section of VNPay's protocol as kept in our reference, vnpay.md.
"""
