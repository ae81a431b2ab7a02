// The relying party of docs/integrating/node.md that is built on openid-client.
import { conclude, visit } from './browser.mjs'

// region discovery
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env
const authentication = client.ClientSecretBasic(CLIENT_SECRET)
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication)
client.enableNonRepudiationChecks(config) // verifies signatures also where TLS would do
// endregion discovery

// region login
// `session` is the visitor's own and stays on your server. Redirect to what this gives.
async function login(session) {
  session.verifier = client.randomPKCECodeVerifier()
  session.state = client.randomState()
  session.nonce = client.randomNonce()
  return client.buildAuthorizationUrl(config, {
    redirect_uri: 'https://app.example.com/callback',
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: 'S256',
    state: session.state,
    nonce: session.nonce,
  })
}

// The route of the redirect URI; `url` is the whole address that the browser asked for.
async function callback(session, url) {
  session.tokens = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: session.verifier,
    expectedState: session.state,
    expectedNonce: session.nonce,
    idTokenExpected: true,
  })
  const { sub } = session.tokens.claims()
  return client.fetchUserInfo(config, session.tokens.access_token, sub)
}
// endregion login

// region later
async function refresh(session) {
  const id_token = session.tokens.id_token
  session.tokens = await client.refreshTokenGrant(config, session.tokens.refresh_token)
  session.tokens.id_token ??= id_token
}

// Redirect to what this gives: it ends the session at Grantor too, and comes back.
async function logout(session) {
  await client.tokenRevocation(config, session.tokens.refresh_token)
  return client.buildEndSessionUrl(config, {
    id_token_hint: session.tokens.id_token,
    post_logout_redirect_uri: 'https://app.example.com/',
  })
}
// endregion later

// region itself
// Without a user: what the application does for itself.
const own = await client.clientCredentialsGrant(config, { scope: 'tea:read' })
// endregion itself

const session = {}
const result = { own: await client.tokenIntrospection(config, own.access_token) }
const untold = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET)
result.posted = await client.clientCredentialsGrant(untold, { scope: 'tea:read' }).catch(({ response }) => response.json())
result.userinfo = await callback(session, await visit(await login(session)))
result.claims = session.tokens.claims()
const first = session.tokens
await refresh(session)
result.refreshed = session.tokens.access_token !== first.access_token && session.tokens.refresh_token !== first.refresh_token
const { access_token } = session.tokens
result.before = await client.tokenIntrospection(config, access_token)
result.goodbye = await visit(await logout(session))
result.after = await client.tokenIntrospection(config, access_token)
conclude(result)
