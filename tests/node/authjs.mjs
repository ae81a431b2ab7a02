// The application of docs/integrating/node.md that is built on Auth.js; requests reach it as a framework would hand them over.
import { decode, encode } from '@auth/core/jwt'
import { conclude, visit } from './browser.mjs'

// region config
import { Auth } from '@auth/core'
import * as oauth from 'oauth4webapi'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, AUTH_SECRET = 'tests only: 32 characters or more' } = process.env

const config = {
  secret: AUTH_SECRET,
  trustHost: true, // behind a proxy that sets Host
  basePath: '/auth', // so the redirect URI is /auth/callback/grantor
  providers: [
    {
      id: 'grantor',
      name: 'Grantor',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      checks: ['pkce', 'state', 'nonce'],
      idToken: false, // name and address are at /userinfo
      authorization: { params: { scope: 'openid profile email offline_access' } },
    },
  ],
  callbacks: {
    async jwt({ token, account }) {
      if (account) {
        const { id_token, access_token, refresh_token, expires_at, providerAccountId } = account
        return { ...token, sub: providerAccountId, id_token, access_token, refresh_token, expires_at }
      }
      return Date.now() / 1000 < token.expires_at - 30 ? token : refreshed(token)
    },
    session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }),
  },
}
// endregion config

// region refresh
const issuer = new URL(ISSUER)
const client = { client_id: CLIENT_ID }
const authentication = oauth.ClientSecretBasic(CLIENT_SECRET)
const metadata = async () => oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))

async function refreshed(token) {
  const server = await metadata()
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token.refresh_token)
  const { access_token, refresh_token, expires_in } = await oauth.processRefreshTokenResponse(server, client, response)
  return { ...token, access_token, refresh_token, expires_at: Math.floor(Date.now() / 1000) + expires_in }
}
// endregion refresh

// region logout
// Revokes what the session holds, and redirects to what it gives. Auth.js signs out of itself alone.
async function logout(token) {
  const server = await metadata()
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication, token.refresh_token),
  )
  const url = new URL(server.end_session_endpoint)
  url.search = new URLSearchParams({
    id_token_hint: token.id_token,
    post_logout_redirect_uri: 'https://app.example.com/',
  })
  return url
}
// endregion logout

const origin = 'https://app.example.com'
const SESSION = '__Secure-authjs.session-token'
const cookies = new Map()

async function request(path, form) {
  const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
  const body = form && new URLSearchParams(form)
  const response = await Auth(new Request(new URL(path, origin), { method: form ? 'POST' : 'GET', headers, body }), config)
  for (const cookie of response.headers.getSetCookie()) {
    const [pair, ...attributes] = cookie.split('; ')
    const at = pair.indexOf('=')
    if (attributes.includes('Max-Age=0')) cookies.delete(pair.slice(0, at))
    else cookies.set(pair.slice(0, at), pair.slice(at + 1))
  }
  return response
}

const held = () => decode({ token: cookies.get(SESSION), secret: AUTH_SECRET, salt: SESSION })
const session = async () => (await request('/auth/session')).json()
const introspected = async (token) => {
  const server = await metadata()
  return oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, authentication, token))
}

const result = { anonymous: await session() }
const { csrfToken } = await (await request('/auth/csrf')).json()
const away = await request('/auth/signin/grantor', { csrfToken, callbackUrl: `${origin}/diary` })
const arrived = await visit(away.headers.get('location'))
const back = await request(arrived.pathname + arrived.search)
result.back = back.headers.get('location')
result.session = await session()

const first = await held()
cookies.set(SESSION, await encode({ token: { ...first, expires_at: 0 }, secret: AUTH_SECRET, salt: SESSION }))
result.session_after_refresh = await session()
const second = await held()
result.refreshed = second.access_token !== first.access_token && second.refresh_token !== first.refresh_token
result.before = await introspected(second.access_token)

result.goodbye = await visit(await logout(second))
await request('/auth/signout', { csrfToken })
result.session_after_logout = await session()
result.after = await introspected(second.access_token)
conclude(result)
