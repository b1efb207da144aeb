"""When a co-op takes orders: days, hours, and how much of them a day."""
