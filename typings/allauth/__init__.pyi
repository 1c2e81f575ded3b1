# The classes of django-allauth that ours are made of; it tells no types of its own.
