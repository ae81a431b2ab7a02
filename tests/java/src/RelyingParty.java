import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationResponse;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponse;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformation;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformationResponse;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationRequest;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationResponseParser;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONObject;

/**
 * Registers, asks with a signed request object, and takes tokens by private_key_jwt. The test is its browser: this program
 * writes {"visit": url} and reads where the browser arrived; at the end it writes {"result": ...}.
 */
public final class RelyingParty {
    private RelyingParty() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> plan = JSONObjectUtils.parse(arguments[0]);
        URI redirect = URI.create((String) plan.get("redirect_uri"));
        OIDCProviderMetadata provider = OIDCProviderMetadata.resolve(new Issuer((String) plan.get("issuer")));
        RSAKey key = new RSAKeyGenerator(2048)
                .keyID("rsa-1").keyUse(KeyUse.SIGNATURE).algorithm(JWSAlgorithm.RS256).generate();
        OIDCClientInformation client = register(provider, redirect, key);

        State state = new State();
        Nonce nonce = new Nonce();
        CodeVerifier verifier = new CodeVerifier();
        Scope scope = new Scope("openid", "email");
        AuthenticationRequest meant = new AuthenticationRequest.Builder(ResponseType.CODE, scope, client.getID(), redirect)
                .state(state).nonce(nonce).codeChallenge(verifier, CodeChallengeMethod.S256).build();
        JWTClaimsSet claims = new JWTClaimsSet.Builder(meant.toJWTClaimsSet())
                .issuer(client.getID().getValue()).audience(provider.getIssuer().getValue())
                .expirationTime(new java.util.Date(System.currentTimeMillis() + 60_000)).build();
        JOSEObjectType type = new JOSEObjectType("oauth-authz-req+jwt");
        SignedJWT object = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).type(type).build(), claims);
        object.sign(new RSASSASigner(key));
        URI url = new AuthenticationRequest.Builder(object, client.getID())
                .endpointURI(provider.getAuthorizationEndpointURI())
                .responseType(ResponseType.CODE).scope(scope).build().toURI();
        say(Map.of("visit", url.toString()));

        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        URI arrived = URI.create((String) JSONObjectUtils.parse(lines.readLine()).get("arrived"));
        AuthenticationResponse response = AuthenticationResponseParser.parse(arrived);
        expect(response.indicatesSuccess(), "the authorization response is " + arrived);
        expect(state.equals(response.getState()), "state");
        expect(provider.getIssuer().equals(response.getIssuer()), "iss");

        PrivateKeyJWT authentication = new PrivateKeyJWT(
                client.getID(), provider.getTokenEndpointURI(), JWSAlgorithm.RS256, key.toPrivateKey(), key.getKeyID(), null);
        AuthorizationCodeGrant grant = new AuthorizationCodeGrant(
                response.toSuccessResponse().getAuthorizationCode(), redirect, verifier);
        HTTPResponse answer = new TokenRequest.Builder(provider.getTokenEndpointURI(), authentication, grant)
                .build().toHTTPRequest().send();
        expect(answer.indicatesSuccess(), "the token response is " + answer.getBody());
        OIDCTokenResponse tokens = (OIDCTokenResponse) OIDCTokenResponseParser.parse(answer);
        IDTokenClaimsSet idToken = new IDTokenValidator(
                provider.getIssuer(), client.getID(), JWSAlgorithm.RS256, provider.getJWKSetURI().toURL())
                .validate(tokens.getOIDCTokens().getIDToken(), nonce);

        AccessToken accessToken = tokens.getOIDCTokens().getAccessToken();
        UserInfoResponse userInfo = UserInfoResponse.parse(
                new UserInfoRequest(provider.getUserInfoEndpointURI(), accessToken).toHTTPRequest().send());
        expect(userInfo.indicatesSuccess(), "userinfo");
        Map<String, Object> result = new HashMap<>();
        result.put("claims", idToken.toJSONObject());
        result.put("userinfo", userInfo.toSuccessResponse().getUserInfo().toJSONObject());
        say(Map.of("result", result));
    }

    private static OIDCClientInformation register(OIDCProviderMetadata provider, URI redirect, RSAKey key)
            throws Exception {
        OIDCClientMetadata metadata = new OIDCClientMetadata();
        metadata.setName("Nimbus");
        metadata.setRedirectionURI(redirect);
        metadata.setTokenEndpointAuthMethod(ClientAuthenticationMethod.PRIVATE_KEY_JWT);
        metadata.setTokenEndpointAuthJWSAlg(JWSAlgorithm.RS256);
        metadata.setRequestObjectJWSAlg(JWSAlgorithm.RS256);
        metadata.setEmailContacts(List.of("tests@grantor.example"));
        metadata.setJWKSet(new JWKSet(key.toPublicJWK()));
        HTTPResponse answer = new OIDCClientRegistrationRequest(provider.getRegistrationEndpointURI(), metadata, null)
                .toHTTPRequest().send();
        ClientRegistrationResponse response = OIDCClientRegistrationResponseParser.parse(answer);
        expect(response.indicatesSuccess(), "the registration response is " + answer.getBody());
        return ((OIDCClientInformationResponse) response).getOIDCClientInformation();
    }

    private static void say(Map<String, Object> message) {
        System.out.println(new JSONObject(message).toJSONString());
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
