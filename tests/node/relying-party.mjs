// A relying party built on openid-client: the code flow from registration to revocation. The test is its browser: this
// program writes {"visit": url} and reads where the browser arrived; at the end it writes {"result": ...}.
import { createInterface } from 'node:readline'
import * as jose from 'jose'
import * as client from 'openid-client'

const plan = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (message) => console.log(JSON.stringify(message))

const insecure = { execute: [client.allowInsecureRequests] } // the issuer is on this machine
const issuer = new URL(plan.issuer)
const result = {}

const signing = await jose.generateKeyPair('ES256', { extractable: true })
const encryption = await jose.generateKeyPair('RSA-OAEP-256', { extractable: true })
const publicJwk = async (key, kid, use, alg) => ({ ...(await jose.exportJWK(key)), kid, use, alg })
const jwks = {
  keys: [
    await publicJwk(signing.publicKey, 'sig-1', 'sig', 'ES256'),
    await publicJwk(encryption.publicKey, 'enc-1', 'enc', 'RSA-OAEP-256'),
  ],
}

const own = { key: signing.privateKey, kid: 'sig-1' }
const authentications = {
  client_secret_basic: (secret) => client.ClientSecretBasic(secret),
  client_secret_post: (secret) => client.ClientSecretPost(secret),
  client_secret_jwt: (secret) => client.ClientSecretJwt(secret),
  private_key_jwt: () => client.PrivateKeyJwt(own),
}

let config
if (plan.client_id) {
  const authentication = authentications[plan.authentication](plan.client_secret)
  config = await client.discovery(issuer, plan.client_id, undefined, authentication, insecure)
} else {
  const metadata = { redirect_uris: [plan.redirect_uri], token_endpoint_auth_method: plan.authentication, ...plan.metadata }
  if (plan.keys) metadata.jwks = jwks
  const authentication = authentications[plan.authentication]
  config = await client.dynamicClientRegistration(issuer, metadata, plan.authentication === 'private_key_jwt' ? authentication() : undefined, insecure)
  result.registration = config.clientMetadata()
  if (plan.authentication !== 'private_key_jwt') {
    const made = result.registration
    config = await client.discovery(issuer, made.client_id, made, authentication(made.client_secret), insecure)
  }
}
if (plan.encrypted) client.enableDecryptingResponses(config, ['A256GCM'], { key: encryption.privateKey, kid: 'enc-1' })
if (plan.hybrid) client.useCodeIdTokenResponseType(config)
client.enableNonRepudiationChecks(config) // verifies signatures also where TLS would do

const verifier = client.randomPKCECodeVerifier()
const nonce = client.randomNonce()
const state = client.randomState()
const parameters = {
  redirect_uri: plan.redirect_uri,
  scope: 'openid profile email offline_access',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  prompt: 'consent',
  nonce,
  state,
}
const url = plan.request_object
  ? await client.buildAuthorizationUrlWithJAR(config, parameters, own)
  : client.buildAuthorizationUrl(config, parameters)
say({ visit: url.href })
const arrived = new URL(JSON.parse((await lines.next()).value).arrived)

const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true }
// region openid-client-callback
const tokens = await client.authorizationCodeGrant(config, arrived, checks)
// endregion openid-client-callback
result.claims = tokens.claims()
result.id_token_parts = tokens.id_token.split('.').length
result.userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
result.refreshed = refreshed.access_token !== tokens.access_token
result.before = await client.tokenIntrospection(config, refreshed.access_token)
await client.tokenRevocation(config, refreshed.refresh_token ?? tokens.refresh_token)
result.after = await client.tokenIntrospection(config, refreshed.access_token)
say({ result })
process.exit(0)
