package journal;

import static org.springframework.security.config.Customizer.withDefaults;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.logout.LogoutHandler;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.client.RestClient;

/** Who may see what, and how they log in and out. */
@Configuration
class Security {
    // region introspection
    /** For programs that bring an access token, which Grantor is asked about. */
    @Bean
    @Order(1)
    SecurityFilterChain api(HttpSecurity http) throws Exception {
        return http.securityMatcher("/api/**")
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .oauth2ResourceServer(server -> server.opaqueToken(withDefaults()))
                .build();
    }
    // endregion introspection

    // region jwt
    /** For programs that bring a JWT access token (RFC 9068), which is verified here. */
    @Bean
    @Order(2)
    SecurityFilterChain jwtApi(HttpSecurity http, @Value("${ISSUER}") String issuer) throws Exception {
        NimbusJwtDecoder decoder = NimbusJwtDecoder.withIssuerLocation(issuer).build();
        decoder.setJwtValidator(JwtValidators.createAtJwtValidator()
                .issuer(issuer)
                .audience("https://app.example.com/api")
                .validators(checks -> checks.put("client_id", jwt -> OAuth2TokenValidatorResult.success())) // any client
                .build());
        return http.securityMatcher("/jwt-api")
                .authorizeHttpRequests(requests -> requests.anyRequest().hasAuthority("SCOPE_tea.read"))
                .oauth2ResourceServer(server -> server.jwt(jwt -> jwt.decoder(decoder)))
                .build();
    }
    // endregion jwt

    // region security
    /** For people: whoever is not logged in is sent to Grantor. */
    @Bean
    SecurityFilterChain pages(
            HttpSecurity http, ClientRegistrationRepository clients, OAuth2AuthorizedClientRepository tokens)
            throws Exception {
        var toEndSession = new OidcClientInitiatedLogoutSuccessHandler(clients);
        toEndSession.setPostLogoutRedirectUri("{baseUrl}/");
        return http.authorizeHttpRequests(requests ->
                        requests.requestMatchers("/").permitAll().anyRequest().authenticated())
                .oauth2Login(withDefaults())
                .oauth2Client(withDefaults())
                .logout(logout -> logout.addLogoutHandler(revoking(tokens)).logoutSuccessHandler(toEndSession))
                .oidcLogout(logout -> logout.backChannel(withDefaults()))
                .build();
    }

    /** What offline_access gave outlives the login at Grantor, and Spring revokes nothing: so end it at logout. */
    private static LogoutHandler revoking(OAuth2AuthorizedClientRepository tokens) {
        return (request, response, user) -> {
            OAuth2AuthorizedClient client =
                    user == null ? null : tokens.loadAuthorizedClient("grantor", user, request);
            if (client == null || client.getRefreshToken() == null) {
                return;
            }
            ClientRegistration grantor = client.getClientRegistration();
            var form = new LinkedMultiValueMap<String, String>();
            form.add("token", client.getRefreshToken().getTokenValue());
            RestClient.create().post()
                    .uri((String) grantor.getProviderDetails().getConfigurationMetadata().get("revocation_endpoint"))
                    .headers(headers -> headers.setBasicAuth(grantor.getClientId(), grantor.getClientSecret()))
                    .body(form)
                    .retrieve().toBodilessEntity();
            tokens.removeAuthorizedClient("grantor", user, request, response);
        };
    }
    // endregion security
}
