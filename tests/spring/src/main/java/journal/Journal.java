package journal;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A web application that logs its users in at Grantor. A test builds, runs and visits it. */
@SpringBootApplication
@RestController
public class Journal {
    public static void main(String[] arguments) {
        SpringApplication.run(Journal.class, arguments);
    }

    /** The page with the button that signs out. */
    @GetMapping(value = "/", produces = "text/html;charset=UTF-8")
    String home(CsrfToken csrf) {
        return "<!doctype html><title>Journal</title><form method=post action=/logout><input type=hidden name='"
                + csrf.getParameterName() + "' value='" + csrf.getToken() + "'><button id=logout>Sign out</button></form>";
    }

    // region pages
    /** Who is logged in. */
    @GetMapping("/who")
    Map<String, Object> who(@AuthenticationPrincipal OidcUser user) {
        return Map.of("sub", user.getSubject());
    }

    /** The same with an access token, which is refreshed when it has a minute to go. */
    @GetMapping("/me")
    Map<String, Object> me(
            @AuthenticationPrincipal OidcUser user,
            @RegisteredOAuth2AuthorizedClient("grantor") OAuth2AuthorizedClient client) {
        return Map.of(
                "sub", user.getSubject(),
                "email", user.getUserInfo().getEmail(),
                "access_token", client.getAccessToken().getTokenValue());
    }

    /** A token for the application itself, by client_credentials. */
    @GetMapping("/machine")
    Map<String, Object> machine(@RegisteredOAuth2AuthorizedClient("machine") OAuth2AuthorizedClient client) {
        return Map.of("access_token", client.getAccessToken().getTokenValue());
    }

    /** For others, who bring an access token along; the attributes are what introspection says of it. */
    @GetMapping("/api")
    Map<String, Object> api(@AuthenticationPrincipal OAuth2AuthenticatedPrincipal caller) {
        return Map.of("sub", caller.getName(), "scope", caller.getAttribute("scope"));
    }

    /** The same for JWTs. */
    @GetMapping("/jwt-api")
    Map<String, Object> jwtApi(@AuthenticationPrincipal Jwt caller) {
        return Map.of("sub", caller.getSubject(), "scope", caller.getClaimAsString("scope"));
    }
    // endregion pages
}
