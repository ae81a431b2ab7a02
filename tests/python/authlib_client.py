"""The relying party and the API of docs/integrating/python.md that are built on Authlib."""

from browser import conclude, visit

# region discovery
import os

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client

ISSUER = os.environ["ISSUER"]

server = httpx2.get(f"{ISSUER}/.well-known/openid-configuration").raise_for_status().json()
if server["issuer"] != ISSUER:
    raise ValueError(f"{server['issuer']} answers for {ISSUER}")


def client(**more):
    return OAuth2Client(
        os.environ["CLIENT_ID"],
        os.environ["CLIENT_SECRET"],
        redirect_uri="https://app.example.com/callback",
        code_challenge_method="S256",
        token_endpoint=server["token_endpoint"],
        **more,
    )
# endregion discovery


# region login
from urllib.parse import parse_qs, urlsplit

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

SCOPE = "openid profile email offline_access"


def login(session):
    """`session` is the visitor's own and stays on your server. Redirect to what this gives."""
    session["nonce"], session["verifier"] = generate_token(), generate_token(64)
    url, session["state"] = client(scope=SCOPE).create_authorization_url(
        server["authorization_endpoint"],
        nonce=session["nonce"],
        code_verifier=session["verifier"],
    )
    return url


def callback(session, url):
    """The route of the redirect URI; `url` is the whole address that the browser asked for."""
    if parse_qs(urlsplit(url).query).get("iss") != [ISSUER]:
        raise ValueError("an answer of another server")
    session["token"] = client().fetch_token(
        authorization_response=url, state=session["state"], code_verifier=session["verifier"]
    )
    claims = id_token_claims(session["token"], session["nonce"])
    answer = client(token=session["token"]).get(server["userinfo_endpoint"])
    userinfo = answer.raise_for_status().json()
    if userinfo["sub"] != claims["sub"]:
        raise ValueError("claims of somebody else")
    return claims, userinfo


def id_token_claims(token, nonce):
    keys = KeySet.import_key_set(httpx2.get(server["jwks_uri"]).raise_for_status().json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    expected = {"iss": {"essential": True, "value": ISSUER}}
    parameters = {
        "client_id": os.environ["CLIENT_ID"],
        "nonce": nonce,
        "access_token": token["access_token"],
    }
    claims = CodeIDToken(decoded.claims, decoded.header, expected, parameters)
    claims.validate(leeway=30)
    return claims
# endregion login


# region later
from urllib.parse import urlencode


def refresh(session):
    """Keep what this gives in place of what you had: the refresh token is a new one too."""
    id_token = session["token"]["id_token"]
    renewed = client(token=session["token"]).refresh_token()
    session["token"] = {"id_token": id_token, **renewed}


def active(access_token):
    answer = client().introspect_token(server["introspection_endpoint"], access_token)
    return answer.raise_for_status().json()


def logout(session):
    """Redirect to what this gives: it ends the session at Grantor too, and comes back."""
    token = session["token"]
    client().revoke_token(server["revocation_endpoint"], token["refresh_token"]).raise_for_status()
    back = {"post_logout_redirect_uri": "https://app.example.com/"}
    return server["end_session_endpoint"] + "?" + urlencode({"id_token_hint": token["id_token"], **back})
# endregion later


# region itself
def own_token():
    """Without a user: for what the application does for itself."""
    return client(scope="tea:read").fetch_token(
        grant_type="client_credentials", resource="https://api.example.com/"
    )
# endregion itself


# region api
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator


class AccessTokens(JWTBearerTokenValidator):
    """For `ResourceProtector.register_token_validator` of Flask, Django or your own."""

    def get_jwks(self):  # keep them; fetch again when a token names an unknown `kid`
        return httpx2.get(server["jwks_uri"]).raise_for_status().json()


tokens = AccessTokens(issuer=ISSUER, resource_server="https://api.example.com/")
# endregion api


def authorized(access_token, scopes):
    found = tokens.authenticate_token(access_token)
    tokens.validate_token(found, scopes, None)
    return dict(found)


def refused(work):
    try:
        work()
    except Exception as error:  # the test says which it expects
        return type(error).__name__


session = {}
own = own_token()["access_token"]
result = {"own": authorized(own, ["tea:read"])}
result["scope_refused"] = refused(lambda: authorized(own, ["tea:write"]))
result["claims"], result["userinfo"] = callback(session, visit(login(session)))
result["id_token_refused"] = refused(lambda: authorized(session["token"]["id_token"], []))
result["not_for_the_api_refused"] = refused(lambda: authorized(session["token"]["access_token"], []))
first = dict(session["token"])
refresh(session)
result["refreshed"] = all(first[name] != session["token"][name] for name in ["access_token", "refresh_token"])
result["before"] = active(session["token"]["access_token"])
result["goodbye"] = visit(logout(session))
result["after"] = active(session["token"]["access_token"])
conclude(result)
