// A relying party without a server: oidc-client-ts with the code flow, PKCE and a refresh token.
// Opened as /spa/?issuer=..&client_id=..; remembers both for the way back.
const here = new URL(location.href);
for (const name of ["issuer", "client_id"]) {
  if (here.searchParams.has(name)) sessionStorage.setItem(name, here.searchParams.get(name));
}

const element = (id) => document.getElementById(id);

function show(state, user) {
  element("profile").textContent = user ? JSON.stringify(user.profile, null, 2) : "";
  element("access-token").textContent = user?.access_token ?? "";
  element("refresh-token").textContent = user?.refresh_token ?? "";
  element("state").textContent = state;
}

const fails = (fault) => show(`failed: ${fault}`);

const manager = new oidc.UserManager({
  authority: sessionStorage.getItem("issuer"),
  client_id: sessionStorage.getItem("client_id"),
  redirect_uri: new URL("/spa/", here).href,
  scope: "openid profile email offline_access",
  loadUserInfo: true,
  automaticSilentRenew: false,
  userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
});

element("sign-in").onclick = () => manager.signinRedirect().catch(fails);
element("refresh").onclick = () =>
  manager.signinSilent().then((user) => show("refreshed", user)).catch(fails);
element("revoke").onclick = () =>
  manager.revokeTokens(["access_token", "refresh_token"]).then(() => show("revoked")).catch(fails);

if (here.searchParams.has("state")) {
  manager
    .signinRedirectCallback()
    .then((user) => {
      history.replaceState(null, "", "/spa/");
      show("signed in", user);
    })
    .catch(fails);
} else {
  show("signed out");
}
