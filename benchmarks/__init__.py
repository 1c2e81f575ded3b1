"""What we measure, each figure beside a floor of the same run; `make bench`."""
