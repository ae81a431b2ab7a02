"""The application of docs/integrating/python.md that is built on requests-oauthlib: it calls an API for its users."""

from browser import conclude, visit

# region flow
import os

import requests
from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient
from requests_oauthlib import OAuth2Session

ISSUER = os.environ["ISSUER"]
CLIENT = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

server = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()


def grantor(**more):
    scope = ["openid", "profile", "email", "offline_access"]
    back = "https://app.example.com/callback"
    return OAuth2Session(CLIENT[0], redirect_uri=back, scope=scope, **more)


def login(session):
    """`session` is the visitor's own and stays on your server. Redirect to what this gives."""
    pkce = WebApplicationClient(CLIENT[0])
    session["verifier"] = pkce.create_code_verifier(64)
    url, session["state"] = grantor().authorization_url(
        server["authorization_endpoint"],
        code_challenge=pkce.create_code_challenge(session["verifier"], "S256"),
        code_challenge_method="S256",
    )
    return url


def callback(session, url):
    """The route of the redirect URI; `url` is the whole address that the browser asked for."""
    session["token"] = grantor(state=session["state"]).fetch_token(
        server["token_endpoint"],
        authorization_response=url,
        auth=CLIENT,
        code_verifier=session["verifier"],
    )
    return grantor(token=session["token"]).get(server["userinfo_endpoint"]).json()


def refresh(session):
    flow = grantor(token=session["token"])
    session["token"] = flow.refresh_token(server["token_endpoint"], auth=CLIENT)


def asks(endpoint, token):
    answer = requests.post(server[endpoint], {"token": token}, auth=CLIENT, timeout=10)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def own_token():
    """Without a user: for what the application does for itself."""
    flow = OAuth2Session(client=BackendApplicationClient(CLIENT[0], scope=["tea:read"]))
    return flow.fetch_token(server["token_endpoint"], auth=CLIENT)
# endregion flow


session = {}
result = {"own": asks("introspection_endpoint", own_token()["access_token"])}
result["userinfo"] = callback(session, visit(login(session)))
first = dict(session["token"])
refresh(session)
result["refreshed"] = all(first[name] != session["token"][name] for name in ["access_token", "refresh_token"])
access_token = session["token"]["access_token"]
result["before"] = asks("introspection_endpoint", access_token)
asks("revocation_endpoint", session["token"]["refresh_token"])
result["after"] = asks("introspection_endpoint", access_token)
conclude(result)
