package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gocoreml/coreml/generate/openai"
)

func TestServeAsksForAKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("one\r\n\n  two  \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startServe(t, "--api-key", "zero", "--api-key-file", file)
	for _, path := range []string{"/v1/models", "/metrics"} {
		for _, key := range []string{"", "three", "zer", "zero0"} {
			r.send(t, "GET", path, "", "Authorization", "Bearer "+key).want(t, http.StatusUnauthorized, "invalid_api_key")
		}
		for _, key := range []string{"zero", "one", "two"} {
			r.send(t, "GET", path, "", "Authorization", "Bearer "+key).want(t, http.StatusOK, "")
		}
	}
	// Who asks whether it is well, and the page, which asks its user, need none.
	r.send(t, "GET", "/health", "").want(t, http.StatusOK, "ok")
	r.send(t, "GET", "/", "", "Host", "chat.example").want(t, http.StatusOK, "<!doctype html>")
	t.Setenv("COREML_API_KEY", "of-the-environment")
	r = startServe(t)
	r.send(t, "GET", "/v1/models", "").want(t, http.StatusUnauthorized, "")
	r.send(t, "GET", "/v1/models", "", "Authorization", "Bearer of-the-environment").want(t, http.StatusOK, "")
}

// A web page can give its name the address of this machine.
func TestServeWithoutAKeyAnswersForThisMachineOnly(t *testing.T) {
	r := startServe(t, "--origin", "https://friend.example")
	for host, status := range map[string]int{
		"localhost": 200, "LOCALHOST:1": 200, "app.localhost:80": 200, "127.0.0.1": 200, "127.9.9.9:5": 200, "[::1]:8080": 200, "localhost.": 200,
		"evil.example": 403, "localhost.evil.example": 403, "10.0.0.1": 403, "127.0.0.1.evil.example:80": 403, "notlocalhost": 403,
	} {
		if got := r.send(t, "GET", "/v1/models", "", "Host", host); got.status != status {
			t.Errorf("host %s: status %d, want %d", host, got.status, status)
		}
	}
	r.send(t, "POST", "/v1/completions", onceUpon, "Origin", "https://evil.example").want(t, http.StatusForbidden, "origin_not_allowed")
	friend := r.send(t, "POST", "/v1/completions", onceUpon, "Origin", "https://friend.example")
	friend.want(t, http.StatusOK, "Tom")
	if got := friend.header.Get("Access-Control-Allow-Origin"); got != "https://friend.example" {
		t.Errorf("the page may read it: %q", got)
	}
}

func TestServeLeavesPartsOut(t *testing.T) {
	r := startServe(t, "--no-page", "--no-metrics")
	for _, path := range []string{"/", "/page/main.js", "/metrics"} {
		r.send(t, "GET", path, "").want(t, http.StatusNotFound, "unknown_url")
	}
	if log := r.errs.String(); strings.Contains(log, "a page") {
		t.Errorf("it tells of the page: %q", log)
	}
}

func TestServeBoundsHeaders(t *testing.T) {
	r := startServe(t)
	if got := r.send(t, "GET", "/v1/models", "", "X-Long", strings.Repeat("x", 2*maxHeader)); got.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", got.status)
	}
	// A client that never ends its headers is cut off: this is the server's own clock.
	sv := &webServer{cmd: &serveCmd{Addr: "127.0.0.1:0", Connections: 1}, logTo: &mutedWriter{w: &strings.Builder{}}}
	sv.log = sv.cmd.logger(sv.logTo)
	if err := sv.listen(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer sv.listener.Close()
	if sv.http.ReadHeaderTimeout != headerTimeout || sv.http.IdleTimeout != idleTimeout {
		t.Errorf("the server waits %v for headers and %v for requests", sv.http.ReadHeaderTimeout, sv.http.IdleTimeout)
	}
}

func TestServeSpeaksTLS(t *testing.T) {
	cert, key, pool := selfSigned(t)
	r := startServe(t, "--tls-cert", cert, "--tls-key", key)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), "POST", r.URL+"/v1/completions", strings.NewReader(onceUpon))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || !strings.HasPrefix(r.URL, "https://127.0.0.1:") {
		t.Errorf("%s over %s at %s", resp.Status, resp.Proto, r.URL)
	}
}

// selfSigned makes a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "coreml"}, NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return certFile, keyFile, pool
}

func TestServeMeasures(t *testing.T) {
	r := startServe(t)
	r.send(t, "POST", "/v1/completions", onceUpon)
	r.send(t, "POST", "/v1/completions", `{"prompt":"x","top_k":"many"}`).want(t, http.StatusBadRequest, "top_k")
	got := r.send(t, "GET", "/metrics", "")
	for _, want := range []string{
		`coreml_requests_total{code="200",model="storyteller",route="/v1/completions"} 1`,
		`coreml_generated_tokens_total{model="storyteller"} 16`,
		`coreml_prompt_tokens_total{model="storyteller"} 5`,
		`coreml_time_to_first_token_seconds_count{model="storyteller"} 1`,
		`coreml_inter_token_seconds_count{model="storyteller"} 15`,
		`coreml_queue_waiting{model="storyteller"} 0`,
		`coreml_requests_running{model="storyteller"} 0`,
		`coreml_states_used{model="storyteller"} 0`,
		`coreml_states_free{model="storyteller"} 1`,
		`coreml_states_limit{model="storyteller"} 4`,
		`coreml_state_bytes{model="storyteller"} `,
		`coreml_requests_in_flight 1`,
		`coreml_build_info{version=`, "go_goroutines", `coreml_cancelled_total{model="storyteller"} 0`,
	} {
		got.want(t, http.StatusOK, want)
	}
	m := newMetrics(0)
	m.Done(openai.RequestStats{Route: "/v1/completions", Model: "m", Status: 499, Cancelled: true, Tokens: 3, FirstToken: time.Second, TokenGaps: []time.Duration{time.Millisecond}})
	m.Done(openai.RequestStats{Route: "other", Status: 404})
	if n := testutil.ToFloat64(m.cancelled.WithLabelValues("m")); n != 1 {
		t.Errorf("%g cancelled requests", n)
	}
	if n, err := testutil.GatherAndCount(m.registry, "coreml_generated_tokens_total"); err != nil || n != 1 {
		t.Errorf("%v: tokens are counted for %d models, want 1", err, n)
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "coreml_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestServeSaysWhatIsWrongWithACall(t *testing.T) {
	blank := filepath.Join(t.TempDir(), "blank")
	if err := os.WriteFile(blank, []byte("\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	two := []string{"--model", "a=" + model, "--model", "b=" + model}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--model", model, "--model", model}, exitUsage, `two models are called "model"`},
		{[]string{"--model", "x:y=" + model}, exitUsage, `the ID "x:y" has a colon`},
		{[]string{"--model", "=" + model}, exitUsage, "with no ID before the equals sign"},
		{[]string{"--model", "x="}, exitUsage, "with nothing behind the equals sign"},
		{[]string{"--model", "absent.mlpackage"}, exitFailure, `there is no model package "absent.mlpackage"`},
		{[]string{"--model", "testdata/classifier/model.mlpackage"}, exitFailure, "testdata/classifier/model.mlpackage: "},
		{append(two, "--tokenizer", "dir"), exitUsage, "--tokenizer \"dir\" does not say for which of the models it is: write --tokenizer ID=dir"},
		{append(two, "--draft", "aa=dir"), exitUsage, `--draft "aa=dir" is for a model "aa", and the models are "a", "b"`},
		{append(two, "--adapter", "poet=dir"), exitUsage, "write --adapter ID:poet=dir"},
		{append(two, "--draft", "a=x", "--draft", "a=y"), exitUsage, `--draft is given twice for model "a"`},
		{[]string{"--adapter", "dir"}, exitUsage, "the form is NAME=DIR"},
		{[]string{"--adapter", "poet=absent"}, exitFailure, `--adapter "poet": `},
		{[]string{"--adapter", "poet=dir=loud"}, exitUsage, `"loud" is no scale`},
		{[]string{"--draft", "absent.mlpackage"}, exitFailure, "--draft: there is no model package"},
		{[]string{"--addr", "8080"}, exitUsage, "the form is HOST:PORT"},
		{[]string{"--addr", "127.0.0.1:99999"}, exitFailure, "--addr 127.0.0.1:99999: "},
		{[]string{"--tls-cert", blank}, exitUsage, "--tls-cert and --tls-key need each other"},
		{[]string{"--tls-cert", blank, "--tls-key", blank}, exitFailure, "--tls-cert"},
		{[]string{"--tls-cert", ".", "--tls-key", blank}, exitFailure, " is a folder, not a file"},
		{[]string{"--tls-cert", blank, "--tls-key", "."}, exitFailure, " is a folder, not a file"},
		{[]string{"--api-key", "two words"}, exitUsage, "an API key has characters that a header cannot carry"},
		{[]string{"--api-key-file", blank}, exitUsage, "has no key in it"},
		{[]string{"--api-key-file", "absent"}, exitFailure, "--api-key-file: "},
		{[]string{"--parallel", "-1"}, exitUsage, "--parallel is -1: it must be between 0 and 256"},
		{[]string{"--queue", "0"}, exitUsage, "--queue is 0: it must be between 1 and"},
		{[]string{"--connections", "0"}, exitUsage, "--connections is 0: it must be between 1 and"},
		{[]string{"--timeout", "-1s"}, exitUsage, "--timeout is -1s"},
		{[]string{"--drain", "soon"}, exitUsage, "--drain"},
		{[]string{"--drain-delay", "-1s"}, exitUsage, "--drain-delay is -1s"},
		{[]string{"--threads", "-1"}, exitUsage, "--threads is -1"},
		{[]string{"--compute-units", "abacus"}, exitUsage, "--compute-units"},
		{[]string{"--arithmetic", "slow"}, exitUsage, "--arithmetic"},
		{[]string{"--engine", "steam"}, exitUsage, "auto, framework, portable"},
		{[]string{"--log-format", "xml"}, exitUsage, "--log-format"},
		{[]string{"--session-dir", blank}, exitFailure, "--session-dir: "},
		{[]string{"extra"}, exitUsage, `"extra"`},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), hang)
			defer cancel()
			var out, errs strings.Builder
			args := append([]string{"serve"}, c.args...)
			if !strings.Contains(strings.Join(c.args, " "), "--addr") {
				args = append(args, "--addr", "127.0.0.1:0")
			}
			status := run(ctx, args, strings.NewReader(""), &out, &errs)
			result{status, out.String(), errs.String()}.want(t, c.status, "", c.want)
		})
	}
	taken := startServe(t)
	call(t, "serve", "--addr", taken.Addr).want(t, exitFailure, "", "--addr "+taken.Addr+" is taken: ")
}

func TestServeWarnsWhereOthersReachIt(t *testing.T) {
	for _, c := range []struct {
		addr net.IP
		keys []string
		want bool
	}{{net.IPv4zero, nil, true}, {net.IPv6unspecified, nil, true}, {net.IPv4(127, 0, 0, 1), nil, false}, {net.IPv4zero, []string{"k"}, false}} {
		var b strings.Builder
		sv := &webServer{cmd: &serveCmd{}, io: &streams{err: &b}, addr: &net.TCPAddr{IP: c.addr, Port: 80}, scheme: "http", keys: c.keys}
		sv.announce()
		if got := strings.Contains(b.String(), "--api-key asks for a key"); got != c.want {
			t.Errorf("%v with keys %v: %q", c.addr, c.keys, &b)
		}
		if c.addr.IsUnspecified() && !strings.Contains(b.String(), "http://localhost:80 ") {
			t.Errorf("%v: %q", c.addr, &b)
		}
	}
}

func TestAnInterruptWhileModelsAreLoadedIsOne(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs strings.Builder
	if status := run(ctx, []string{"serve", "--addr", "127.0.0.1:0"}, strings.NewReader(""), &strings.Builder{}, &errs); status != exitInterrupted {
		t.Errorf("status %d: %s", status, &errs)
	}
}

func TestACommandMayAskForTimeToEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(patient(t.Context()))
	over := make(chan struct{})
	time.AfterFunc(50*time.Millisecond, func() { close(over) })
	status := supervise(ctx, time.Millisecond, func() int {
		allow(ctx, hang)
		cancel()
		<-over // longer than the grace
		return 7
	})
	if status != 7 {
		t.Errorf("status %d, want the command's own", status)
	}
}

func TestModelsAreCalledAsTheirPackages(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("Here", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir("Here")
	for name, want := range map[string]string{
		"dir/Llama-3.2-1B.mlpackage": "Llama-3.2-1B", "Old.mlmodelc/": "Old", ".": "Here", "org/name": "org/name",
		"org/name@main": "org/name", "org/name@main:deep/Model.mlpackage": "Model", "hf://org/name": "org/name",
	} {
		if got := defaultID(name); got != want {
			t.Errorf("%s is called %q, want %q", name, got, want)
		}
	}
}
