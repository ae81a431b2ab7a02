// A relying party in the browser, for dev mode: the authorization code flow with PKCE (RFC 7636) as a public client,
// every message shown. What must outlive the redirect is kept in sessionStorage; nothing leaves this origin.
"use strict";

const setting = document.getElementById("playground").dataset;
const key = "grantor-playground";
const byId = (id) => document.getElementById(id);
let flow = load();
let metadata = null;

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

function save() {
  sessionStorage.setItem(key, JSON.stringify(flow));
}

// Bytes and tokens

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const sha256 = async (text) =>
  base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));

function decode(token) {
  const parts = String(token).split(".");
  if (parts.length !== 3) return null;
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(bytesOf(part))));
    return { header, claims };
  } catch {
    return null;
  }
}

const algorithms = {
  RS256: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, {}],
  PS256: [{ name: "RSA-PSS", hash: "SHA-256" }, { saltLength: 32 }],
  ES256: [{ name: "ECDSA", namedCurve: "P-256" }, { hash: "SHA-256" }],
  EdDSA: [{ name: "Ed25519" }, {}],
};

async function signatureIsGood(token, header) {
  const [algorithm, parameters] = algorithms[header.alg] ?? [];
  if (!algorithm) return false;
  const { keys } = await (await fetch(metadata.jwks_uri)).json();
  const jwk = keys.find((candidate) => candidate.kid === header.kid);
  if (!jwk) return false;
  const { kty, n, e, crv, x, y } = jwk;
  const publicKey = await crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y }, algorithm, false, ["verify"]);
  const [signed, signature] = [token.slice(0, token.lastIndexOf(".")), token.slice(token.lastIndexOf(".") + 1)];
  return crypto.subtle.verify(
    { ...algorithm, ...parameters }, publicKey, bytesOf(signature), new TextEncoder().encode(signed));
}

// Showing things

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

const output = (name) => document.querySelector(`[data-output="${name}"]`);

function copyButton(text, what) {
  const button = element("button", { type: "button", class: "copy", "aria-label": `Copy: ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

function framed(title, copied, body) {
  const head = element("div", { class: "message-head" }, element("span", { class: "message-title" }, title));
  head.append(copyButton(copied, title));
  return element("div", { class: "message" }, head, body);
}

function message(title, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return framed(title, text, element("pre", { tabindex: "0", "aria-label": title }, text));
}

function table(title, copied, rows) {
  const body = element("tbody", {});
  for (const [name, value, why] of rows) {
    const cells = [element("th", { scope: "row" }, name), element("td", {}, value)];
    if (why !== undefined) cells.push(element("td", {}, why));
    body.append(element("tr", {}, ...cells));
  }
  return framed(title, copied, element("table", { class: "parameters", "aria-label": title }, body));
}

function checks(list) {
  const items = list.map(([good, text]) => element("li", good ? {} : { class: "failed" }, good ? text : `Failed: ${text}`));
  return element("ul", { class: "checks" }, ...items);
}

function fail(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = false;
}

const exchangeOf = ({ url, body, status, answer }) => [
  message(`POST ${url}`, [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`).join("\n")),
  message(`Answer: ${status}`, answer),
];

const reasons = {
  response_type: "Ask for a code",
  client_id: "Who asks",
  redirect_uri: "Where the answer goes",
  scope: "What is asked for",
  state: "Ties the answer to this browser",
  nonce: "Ties the ID token to this request",
  code_challenge: "SHA-256 of a secret that only this app knows",
  code_challenge_method: "How the challenge was made",
};

async function show() {
  if (flow.request) {
    const url = `${metadata.authorization_endpoint}?${new URLSearchParams(flow.request)}`;
    const rows = Object.entries(flow.request).map(([name, value]) => [name, value, reasons[name] ?? ""]);
    output("request").replaceChildren(table(`GET ${metadata.authorization_endpoint}`, url, rows));
  }
  output("response").replaceChildren();
  output("tokens").replaceChildren();
  output("identity").replaceChildren();
  if (flow.response) {
    const rows = Object.entries(flow.response);
    const verdict = [
      [flow.response.state === flow.request.state, "state is the one that was sent"],
      [flow.response.iss === metadata.issuer, "iss is this server"],
    ];
    if (flow.response.error) verdict.push([false, `the server answered ${flow.response.error}`]);
    output("response").replaceChildren(
      table(`GET ${setting.redirectUri}`, new URLSearchParams(flow.response).toString(), rows), checks(verdict));
  }
  if (flow.exchange) output("tokens").replaceChildren(...exchangeOf(flow.exchange));
  if (flow.idToken) await showIdentity();
  showToken("access", flow.accessToken, "It is opaque: only the server can read it.");
  showToken("refresh", flow.refreshToken, "Only the server can read it.");
  output("userinfo").replaceChildren(
    ...(flow.userinfo ? [message(`GET ${metadata.userinfo_endpoint}: ${flow.userinfo.status}`, flow.userinfo.answer)] : []));
  output("exchange").replaceChildren(...(flow.later ? exchangeOf(flow.later) : []));
  for (const [id, done] of [
    ["step-request", flow.response], ["step-response", flow.response?.code],
    ["step-tokens", flow.idToken], ["step-identity", flow.idToken], ["step-use", flow.userinfo],
  ]) byId(id).classList.toggle("done", Boolean(done));
  byId("sign-in").disabled = false;
  byId("call-userinfo").disabled = !flow.accessToken;
  byId("refresh").disabled = !flow.refreshToken;
  byId("revoke").disabled = !(flow.refreshToken || flow.accessToken);
  byId("sign-out").disabled = !flow.idToken;
}

function showToken(name, token, opaque) {
  if (!token) return output(name).replaceChildren();
  const decoded = decode(token);
  const detail = decoded ? message("Decoded", decoded) : element("p", { class: "muted" }, opaque);
  output(name).replaceChildren(message("Value", token), detail);
}

async function showIdentity() {
  const decoded = decode(flow.idToken);
  if (!decoded) return fail("The ID token is not a signed token.");
  const { header, claims } = decoded;
  const good = await signatureIsGood(flow.idToken, header).catch(() => false);
  output("identity").replaceChildren(
    message("Claims", claims),
    message("Header", header),
    checks([
      [good, `signature: ${header.alg}, with a key that the server publishes`],
      [claims.iss === metadata.issuer, "iss is this server"],
      [[claims.aud].flat().includes(setting.clientId), "aud is this app"],
      [claims.nonce === undefined ? Boolean(flow.refreshed) : claims.nonce === flow.request.nonce,
        claims.nonce === undefined ? "no nonce: these tokens came from a refresh" : "nonce is the one that was sent"],
      [claims.exp * 1000 > Date.now(), `expires ${new Date(claims.exp * 1000).toLocaleTimeString()}`],
    ]),
    message("The token itself", flow.idToken));
}

// The flow

async function prepare() {
  const verifier = random();
  flow = {
    verifier,
    request: {
      response_type: "code",
      client_id: setting.clientId,
      redirect_uri: setting.redirectUri,
      scope: setting.scope,
      state: random(),
      nonce: random(),
      code_challenge: await sha256(verifier),
      code_challenge_method: "S256",
    },
  };
  save();
}

async function post(url, parameters) {
  const body = new URLSearchParams(parameters).toString();
  const response = await fetch(url, {
    method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body, credentials: "omit",
  });
  const text = await response.text();
  let answer = text === "" ? "(empty)" : text;
  try {
    answer = JSON.parse(text);
  } catch {
    // Shown as it came.
  }
  return { ok: response.ok, url, body, status: `${response.status} ${response.statusText}`.trim(), answer };
}

function keep(answer) {
  flow.accessToken = answer.access_token;
  flow.refreshToken = answer.refresh_token ?? flow.refreshToken;
  flow.idToken = answer.id_token ?? flow.idToken;
}

async function receive(answer) {
  history.replaceState(null, "", location.pathname);
  if (!flow.request) return prepare();
  if (flow.response) return;
  flow.response = answer;
  save();
  const trusted = answer.state === flow.request.state && answer.iss === metadata.issuer;
  if (!answer.code || !trusted) return;
  flow.exchange = await post(metadata.token_endpoint, {
    grant_type: "authorization_code",
    code: answer.code,
    redirect_uri: setting.redirectUri,
    client_id: setting.clientId,
    code_verifier: flow.verifier,
  });
  if (flow.exchange.ok) keep(flow.exchange.answer);
  save();
}

async function signIn() {
  if (flow.response || !flow.request) await prepare();
  location.assign(`${metadata.authorization_endpoint}?${new URLSearchParams(flow.request)}`);
}

async function callUserinfo() {
  const response = await fetch(metadata.userinfo_endpoint, { headers: { Authorization: `Bearer ${flow.accessToken}` } });
  const text = await response.text();
  const challenge = response.headers.get("WWW-Authenticate");
  const answer = response.ok ? JSON.parse(text) : challenge ?? text;
  flow.userinfo = { status: `${response.status} ${response.statusText}`.trim(), answer };
}

async function refresh() {
  flow.later = await post(metadata.token_endpoint, {
    grant_type: "refresh_token", refresh_token: flow.refreshToken, client_id: setting.clientId,
  });
  if (!flow.later.ok) return;
  flow.refreshed = true;
  keep(flow.later.answer);
}

async function revoke() {
  flow.later = await post(metadata.revocation_endpoint, {
    token: flow.refreshToken ?? flow.accessToken, client_id: setting.clientId,
  });
}

function signOut() {
  const parameters = new URLSearchParams({
    id_token_hint: flow.idToken,
    post_logout_redirect_uri: setting.postLogoutRedirectUri,
  });
  sessionStorage.removeItem(key);
  location.assign(`${metadata.end_session_endpoint}?${parameters}`);
}

async function reset() {
  byId("problem").hidden = true;
  await prepare();
}

const button = (id, action) =>
  byId(id).addEventListener("click", async () => {
    try {
      await action();
      save();
      await show();
    } catch (error) {
      fail(`That did not work: ${error.message}`);
    }
  });

async function start() {
  // sessionStorage belongs to one origin: on 127.0.0.1 the answer, which comes to localhost, would find nothing.
  const home = new URL(setting.redirectUri);
  if (home.origin !== location.origin) {
    location.replace(home.origin + location.pathname + location.search);
    return;
  }
  metadata = await (await fetch(`${setting.issuer}/.well-known/openid-configuration`)).json();
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  const answered = Boolean(answer.code || answer.error);
  if (answered) await receive(answer);
  else if (!flow.request) await prepare();
  await show();
  if (answered) byId("step-response").scrollIntoView();
}

button("reset", reset);
button("call-userinfo", callUserinfo);
button("refresh", refresh);
button("revoke", revoke);
byId("sign-in").addEventListener("click", () => signIn().catch((error) => fail(error.message)));
byId("sign-out").addEventListener("click", () => {
  signOut();
});
start().catch((error) => fail(`The server could not be reached: ${error.message}`));
