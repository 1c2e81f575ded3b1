# What we use of django-unfold, which tells no types of its own.
