// The relying party and the API of docs/integrating/node.md that are built on oauth4webapi.
import { conclude, visit } from './browser.mjs'

// region discovery
import * as oauth from 'oauth4webapi'

const issuer = new URL(process.env.ISSUER)
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))
const client = { client_id: process.env.CLIENT_ID, require_auth_time: true }
const authentication = oauth.ClientSecretBasic(process.env.CLIENT_SECRET)
// endregion discovery

// region login
const redirect_uri = 'https://app.example.com/callback'
const api = 'https://api.example.com/'

async function login(session) {
  session.verifier = oauth.generateRandomCodeVerifier()
  session.state = oauth.generateRandomState()
  session.nonce = oauth.generateRandomNonce()
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri,
    scope: 'openid profile email offline_access',
    resource: api, // `aud` of the access token
    max_age: 3600,
    code_challenge: await oauth.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: 'S256',
    state: session.state,
    nonce: session.nonce,
  })
  return url
}

async function callback(session, url) {
  const answer = oauth.validateAuthResponse(server, client, url, session.state)
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, answer, redirect_uri, session.verifier,
  )
  const checks = { expectedNonce: session.nonce, maxAge: 3600, requireIdToken: true }
  session.tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks)
  await oauth.validateApplicationLevelSignature(server, response)
  return oauth.getValidatedIdTokenClaims(session.tokens)
}
// endregion login

// region api
// In the API: its own route, with a JWT access token in `request`. Check `scope` yourself.
const authorized = (request) => oauth.validateJwtAccessToken(server, request, api)
// endregion api

const session = {}
const result = {}
const refused = (what) => what.then(() => null, (error) => error)
const arrived = await visit(await login(session))
const anonymous = new URL(arrived)
anonymous.searchParams.delete('iss')
const nobody = await refused((async () => oauth.validateAuthResponse(server, client, anonymous, session.state))())
result.without_issuer = nobody?.message
result.claims = await callback(session, arrived)
const { tokens } = session

const userinfo = await oauth.userInfoRequest(server, client, tokens.access_token)
result.userinfo = await oauth.processUserInfoResponse(server, client, result.claims.sub, userinfo)
const request = (token) => new Request(api, { headers: { authorization: `Bearer ${token}` } })
result.authorized = await authorized(request(tokens.access_token))
result.id_token_refused = (await refused(authorized(request(tokens.id_token))))?.message

const refreshing = await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token)
const refreshed = await oauth.processRefreshTokenResponse(server, client, refreshing)
if (refreshed.id_token) await oauth.validateApplicationLevelSignature(server, refreshing)
result.refreshed = refreshed.access_token !== tokens.access_token
result.before = await introspected(refreshed.access_token)

const parameters = { scope: 'tea:read', resource: api }
const credentials = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters)
const own = await oauth.processClientCredentialsResponse(server, client, credentials)
result.own = await authorized(request(own.access_token))

await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token))
result.after = await introspected(refreshed.access_token)
const gone = await oauth.userInfoRequest(server, client, refreshed.access_token)
const challenge = await refused(oauth.processUserInfoResponse(server, client, result.claims.sub, gone))
result.challenge = challenge?.cause?.[0]
conclude(result)

async function introspected(token) {
  const response = await oauth.introspectionRequest(server, client, authentication, token)
  return oauth.processIntrospectionResponse(server, client, response)
}
