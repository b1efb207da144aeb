"""Shopper pages that join rooms: home, categories, search, product, co-op, policies, sitemap, feeds."""
