"""What the project adds to mozilla-django-oidc."""

# region login
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class Grantor(OIDCAuthenticationBackend):
    """Knows users by `sub`, and checks what the library leaves out."""

    def verify_token(self, token, **kwargs):
        claims = super().verify_token(token, **kwargs)
        if claims.get("iss") != settings.ISSUER or claims.get("aud") not in (
            settings.OIDC_RP_CLIENT_ID,
            [settings.OIDC_RP_CLIENT_ID],
        ):
            raise SuspiciousOperation("an ID token of another server or for another application")
        return claims

    def get_userinfo(self, access_token, id_token, payload):
        userinfo = super().get_userinfo(access_token, id_token, payload)
        if userinfo.get("sub") != payload["sub"]:
            raise SuspiciousOperation("claims of another user")
        return userinfo

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def get_username(self, claims):
        return claims["sub"]

    def update_user(self, user, claims):
        user.email = claims["email"]
        user.save(update_fields=["email"])
        return user


def logout(request):
    """Where the browser goes after logging out here: to log out at Grantor, and back."""
    parameters = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": request.build_absolute_uri(settings.LOGOUT_REDIRECT_URL),
    }
    return f"{settings.ISSUER}/oauth2/sessions/logout?{urlencode(parameters)}"
# endregion login
