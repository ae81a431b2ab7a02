"""Drives the Django project `diary` as its visitor: its middleware and views run, and Grantor is asked over HTTP."""

import os
from urllib.parse import parse_qs, urlsplit

os.environ["DJANGO_SETTINGS_MODULE"] = "diary.settings"

import django

django.setup()

from browser import conclude, visit
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

call_command("migrate", verbosity=0)
visitor = Client(headers={"host": "app.example.com"})


def get(path):
    return visitor.get(path, secure=True)


def sent_to_grantor(response):
    """Goes where the application sends the browser, and returns to it with the answer."""
    arrived = urlsplit(visit(response["location"]))
    return get(f"{arrived.path}?{arrived.query}")


result = {}
closed = get("/diary")
result["closed"] = closed["location"]
away = get(closed["location"])
result["asked"] = parse_qs(urlsplit(away["location"]).query)
back = sent_to_grantor(away)
result["back"] = back["location"]
result["diary"] = get(back["location"]).json()

session = visitor.session  # fifteen minutes later, SessionRefresh asks with prompt=none
session["oidc_id_token_expiration"] = 0
session.save()
silent = get("/diary")
result["silent"] = parse_qs(urlsplit(silent["location"]).query)
result["diary_after_refresh"] = get(sent_to_grantor(silent)["location"]).json()
result["users"] = get_user_model().objects.count()

goodbye = visitor.post("/oidc/logout/", secure=True)
result["goodbye"] = visit(goodbye["location"])
result["closed_again"] = get("/diary")["location"]
again = get(result["closed_again"])["location"]
result["grantor_asks_again"] = parse_qs(urlsplit(visit(f"{again}&prompt=none")).query)["error"][0]
conclude(result)
