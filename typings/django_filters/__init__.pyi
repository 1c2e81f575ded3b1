# What we use of django-filter, which tells no types of its own.
