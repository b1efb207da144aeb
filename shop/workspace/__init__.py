"""The co-op's pages under /ban-hang: routes only, the rules live in their rooms."""
