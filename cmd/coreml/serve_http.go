package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/gocoreml/coreml/cmd/coreml/internal/page"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/internal/apikey"
)

// What a client may take its time for. The API bounds bodies and answers itself.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// addressInUse is Windows' own number for an address that is taken, WSAEADDRINUSE, which
// package syscall does not compare with EADDRINUSE.
const addressInUse = syscall.Errno(10048)

// listen takes the address.
func (sv *webServer) listen(ctx context.Context, cert *certificate) error {
	addr := sv.cmd.Addr
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return usagef("--addr is %s: the form is HOST:PORT, as in --addr 127.0.0.1:8080", quoted(addr))
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, addressInUse) {
		host, _, _ := net.SplitHostPort(addr)
		return fmt.Errorf("--addr %s is taken: another program listens there, perhaps coreml serve; --addr %s lets the system choose a free port%w",
			plain(addr), plain(net.JoinHostPort(host, "0")), silent{err})
	}
	if err != nil {
		return fmt.Errorf("--addr %s: %w", plain(addr), err)
	}
	sv.addr, sv.scheme = l.Addr(), "http"
	if cert != nil {
		sv.scheme, cert.log = "https", sv.log
		l = tls.NewListener(l, cert.config())
	}
	sv.listener = l
	open := newConnections(sv.cmd.Connections)
	sv.http = &http.Server{
		Handler:           open.handler(sv.handler()),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// Of handshakes that fail and of clients that go away.
		ErrorLog: slog.NewLogLogger(sv.log.Handler(), slog.LevelDebug),
	}
	open.watch(sv.http)
	return nil
}

// url is where a browser on this machine finds the server.
func (sv *webServer) url() string {
	host, port, _ := net.SplitHostPort(sv.addr.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return sv.scheme + "://" + net.JoinHostPort(host, port)
}

// handler joins the API with what serve adds to it.
func (sv *webServer) handler() http.Handler {
	chat, measures := http.Handler(sv.api), http.Handler(sv.api)
	if sv.cmd.Page {
		chat = openai.BoundBodies(page.Handler())
	}
	if sv.metrics != nil {
		measures = openai.BoundBodies(sv.needKey(sv.metrics.handler()))
	}
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, path := http.Handler(sv.api), r.URL.Path
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			switch {
			case path == "/", strings.HasPrefix(path, "/page/"):
				to = chat
			case path == "/metrics":
				to = measures
			}
		}
		to.ServeHTTP(w, r)
	})
	if sv.metrics != nil {
		h = sv.metrics.counted(h)
	}
	if isLoopback(sv.addr) && len(sv.keys) == 0 {
		h = ownHost(h)
	}
	return h
}

// ownHost refuses requests for other names than this machine's own: a web page can give its
// name the address of this machine, and would be the server's own page to the browser.
func ownHost(next http.Handler) http.Handler {
	refused := openai.BoundBodies(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "host_not_allowed", "without an API key this server answers requests for localhost only; it was started without --api-key")
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := next
		if !isLocalName(r.Host) {
			to = refused
		}
		to.ServeHTTP(w, r)
	})
}

// isLocalName reports whether a Host header means this machine.
func isLocalName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// needKey asks for one of the keys, as the API does.
func (sv *webServer) needKey(next http.Handler) http.Handler {
	if len(sv.keys) == 0 {
		return next
	}
	ring := apikey.NewRing(sv.keys)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ring.Has(apikey.Given(r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"))) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "invalid_api_key", "measures need one of the server's API keys, as \"Authorization: Bearer KEY\"")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers with an error in the form of the API. The texts are constants.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	kind := "invalid_request_error"
	if status == http.StatusServiceUnavailable {
		kind = "unavailable_error"
	}
	_, _ = fmt.Fprintf(w, `{"error":{"message":%q,"type":%q,"param":null,"code":%q}}`+"\n", message, kind, code) // who is refused may be gone
}

// serve answers requests from now on.
func (sv *webServer) serve() {
	sv.ended = make(chan error, 1)
	go func() { sv.ended <- sv.http.Serve(sv.listener) }()
}

// closeHTTP ends the connections: those without a request at once, others when their
// reply is out, which takes a moment at most.
func (sv *webServer) closeHTTP() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := sv.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = sv.http.Close()
	}
	return err
}
