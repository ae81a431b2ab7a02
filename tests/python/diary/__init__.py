"""The Django project of docs/integrating/python.md, built on mozilla-django-oidc."""
