// Command journal is a web application that logs its users in at Grantor. A test builds, runs and visits it.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"

	"golang.org/x/oauth2"
)

// user is somebody who logged in: what the ID token says, and tokens that renew themselves.
type user struct {
	subject, session, idToken string
	tokens                    oauth2.TokenSource
}

// journal is the application; users are found by their cookie.
type journal struct {
	*provider
	mutex sync.Mutex
	users map[string]*user
}

func main() {
	issuer, clientID, clientSecret := os.Getenv("ISSUER"), os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET")
	port := os.Getenv("PORT")
	provider, err := discover(context.Background(), issuer, clientID, clientSecret, "http://localhost:"+port)
	if err != nil {
		log.Fatal(err)
	}
	app := &journal{provider: provider, users: map[string]*user{}}
	http.HandleFunc("GET /{$}", app.home)
	http.HandleFunc("GET /who", answers(app.who))
	http.HandleFunc("GET /me", answers(app.me))
	http.HandleFunc("GET /machine", answers(app.machine))
	http.HandleFunc("GET /api", answers(app.api))
	http.HandleFunc("GET /callback", app.callback)
	http.HandleFunc("POST /logout", app.logout)
	http.HandleFunc("POST /back-channel", app.backChannel)
	log.Fatal(http.ListenAndServe("localhost:"+port, nil))
}

// home is the page with the button that signs out.
func (app *journal) home(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(`<!doctype html><title>Journal</title><form method=post action=/logout><button id=logout>Sign out</button></form>`))
}

// who shows who is logged in, and sends whoever is not to log in.
func (app *journal) who(w http.ResponseWriter, r *http.Request) (any, error) {
	user := app.userOf(r)
	if user == nil {
		app.login(w, r)
		return nil, nil
	}
	return map[string]any{"sub": user.subject}, nil
}

// me shows the same and what only fresh tokens tell.
func (app *journal) me(w http.ResponseWriter, r *http.Request) (any, error) {
	user := app.userOf(r)
	if user == nil {
		app.login(w, r)
		return nil, nil
	}
	token, err := user.tokens.Token()
	if err != nil {
		return nil, err
	}
	info, err := app.UserInfo(r.Context(), user.tokens)
	if err != nil {
		return nil, err
	}
	return map[string]any{"sub": user.subject, "email": info.Email, "access_token": token.AccessToken}, nil
}

// callback is where Grantor sends the browser back to.
func (app *journal) callback(w http.ResponseWriter, r *http.Request) {
	// region callback
	var state, nonce, verifier string
	if begun, err := r.Cookie("login"); err == nil {
		fmt.Sscan(begun.Value, &state, &nonce, &verifier)
	}
	if state == "" || r.FormValue("state") != state || r.FormValue("iss") != app.issuer {
		http.Error(w, "this is not the answer to a login of this browser", http.StatusBadRequest)
		return
	}
	// endregion callback
	if refusal := r.FormValue("error"); refusal != "" {
		http.Error(w, refusal+": "+r.FormValue("error_description"), http.StatusForbidden)
		return
	}
	user, err := app.redeem(r.Context(), r.FormValue("code"), nonce, verifier)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	app.remember(w, user)
	http.Redirect(w, r, "/me", http.StatusFound)
}

// machine gets a token for the application itself.
func (app *journal) machine(http.ResponseWriter, *http.Request) (any, error) {
	token, err := app.machineToken(context.Background())
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": token.AccessToken}, nil
}

// api is for others, who bring an access token along.
func (app *journal) api(_ http.ResponseWriter, r *http.Request) (any, error) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	said, err := app.introspect(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if !said.Active {
		return nil, errRefused
	}
	return map[string]any{"sub": said.Subject, "scope": said.Scope}, nil
}

func (app *journal) userOf(r *http.Request) *user {
	cookie, err := r.Cookie("journal")
	if err != nil {
		return nil
	}
	app.mutex.Lock()
	defer app.mutex.Unlock()
	return app.users[cookie.Value]
}

func (app *journal) remember(w http.ResponseWriter, user *user) {
	name := rand.Text()
	app.mutex.Lock()
	defer app.mutex.Unlock()
	app.users[name] = user
	setCookie(w, "journal", name)
}

// forget ends the sessions that a predicate chooses.
func (app *journal) forget(chosen func(*user) bool) {
	app.mutex.Lock()
	defer app.mutex.Unlock()
	for name, user := range app.users {
		if chosen(user) {
			delete(app.users, name)
		}
	}
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

var errRefused = errors.New("the access token does not count")

// answers turns what a page concluded into JSON.
func answers(page func(http.ResponseWriter, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said, err := page(w, r)
		if errors.Is(err, errRefused) {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			http.Error(w, err.Error(), http.StatusUnauthorized)
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		} else if said != nil {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(said)
		}
	}
}
