package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// provider is Grantor, as this application knows it.
type provider struct {
	*oidc.Provider
	issuer, origin string
	config         oauth2.Config
	verifier       *oidc.IDTokenVerifier
	endpoints      endpoints
}

// endpoints are what discovery names beyond what go-oidc reads.
type endpoints struct {
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
}

// region discover
func discover(ctx context.Context, issuer, clientID, clientSecret, origin string) (*provider, error) {
	found, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	endpoint := found.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // as registered: client_secret_basic
	p := &provider{
		Provider: found,
		issuer:   issuer,
		origin:   origin,
		config: oauth2.Config{
			ClientID:     clientID,
			ClientSecret: clientSecret,
			Endpoint:     endpoint,
			RedirectURL:  origin + "/callback",
			Scopes:       []string{oidc.ScopeOpenID, "email", oidc.ScopeOfflineAccess},
		},
		verifier: found.Verifier(&oidc.Config{ClientID: clientID}),
	}
	return p, found.Claims(&p.endpoints)
}

// endregion discover

// region login
func (app *journal) login(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	setCookie(w, "login", strings.Join([]string{state, nonce, verifier}, " "))
	to := app.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	http.Redirect(w, r, to, http.StatusFound)
}

func (p *provider) redeem(ctx context.Context, code, nonce, verifier string) (*user, error) {
	token, err := p.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := p.verifier.Verify(ctx, raw) // signature, iss, aud and exp; the nonce is yours to compare
	if err != nil {
		return nil, err
	}
	var claims struct {
		Session string `json:"sid"`
	}
	if err := idToken.Claims(&claims); err != nil {
		return nil, err
	}
	if idToken.Nonce != nonce {
		return nil, fmt.Errorf("the nonce of the ID token is %q", idToken.Nonce)
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		return nil, err
	}
	// Refreshes when the access token has ten seconds to go, and holds the newest refresh token.
	tokens := p.config.TokenSource(context.Background(), token)
	return &user{subject: idToken.Subject, session: claims.Session, idToken: raw, tokens: tokens}, nil
}

// endregion login

func (p *provider) machineToken(ctx context.Context) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID:     p.config.ClientID,
		ClientSecret: p.config.ClientSecret,
		TokenURL:     p.config.Endpoint.TokenURL,
		AuthStyle:    oauth2.AuthStyleInHeader,
		Scopes:       []string{"tea.read"},
	}
	return config.Token(ctx)
}

// region introspect
// introspection is what RFC 7662 answers; Scope and Subject only when Active.
type introspection struct {
	Active  bool   `json:"active"`
	Scope   string `json:"scope"`
	Subject string `json:"sub"`
}

func (p *provider) introspect(ctx context.Context, token string) (said introspection, err error) {
	answer, err := p.post(ctx, p.endpoints.Introspection, url.Values{"token": {token}})
	if err != nil {
		return said, err
	}
	defer answer.Body.Close()
	return said, json.NewDecoder(answer.Body).Decode(&said)
}

// post asks an endpoint that neither library knows, with the client's authentication.
func (p *provider) post(ctx context.Context, endpoint string, form url.Values) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
	answer, err := http.DefaultClient.Do(request)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("%s answered %s", endpoint, answer.Status)
	}
	return answer, err
}

// endregion introspect

// region logout
func (app *journal) logout(w http.ResponseWriter, r *http.Request) {
	gone := app.userOf(r)
	if gone == nil {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	app.forget(func(other *user) bool { return other == gone })
	// What offline_access gave outlives the login at Grantor: so end it here.
	if token, err := gone.tokens.Token(); err == nil {
		if answer, err := app.post(r.Context(), app.endpoints.Revocation, url.Values{"token": {token.RefreshToken}}); err == nil {
			answer.Body.Close()
		}
	}
	query := url.Values{"id_token_hint": {gone.idToken}, "post_logout_redirect_uri": {app.origin + "/"}}
	http.Redirect(w, r, app.endpoints.EndSession+"?"+query.Encode(), http.StatusFound)
}

// backChannel is told by Grantor that a login ended elsewhere.
func (app *journal) backChannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	token, err := app.verifier.VerifyLogout(r.Context(), r.FormValue("logout_token"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	app.forget(func(user *user) bool { return user.session == token.SessionID })
}

// endregion logout
