"""The guided tour: a visitor plays a buyer or a carrier against robots, by the real rules and on no real data."""
