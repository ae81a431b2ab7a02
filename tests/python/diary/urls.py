"""Pages of the project."""

# region urls
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.urls import include, path


@login_required
def diary(request):
    return JsonResponse({"username": request.user.get_username(), "email": request.user.email})


urlpatterns = [
    path("oidc/", include("mozilla_django_oidc.urls")),  # the redirect URI is /oidc/callback/
    path("diary", diary),
]
# endregion urls
