"""OCOP, VietGAP, GlobalG.A.P., organic and geographical certificates: handed in, checked, expired, revoked."""
