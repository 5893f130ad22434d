package scaleout_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// routerEnv names the environment with vllm-router, commandEnv the command that serves.
const (
	routerEnv  = "COREML_SCALE_OUT"
	commandEnv = "COREML_BINARY"
)

// process is a program that a test has started.
type process struct {
	*exec.Cmd
	url  string
	gone chan struct{} // closed when it has ended
}

// start runs a program until the test ends, with its standard error in a file that a
// failed test prints the end of.
func start(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: cmd, gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.gone
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the end of what %s printed:\n%s", name, text[max(0, len(text)-3000):])
		}
		_ = log.Close()
	})
	return p
}

// signal sends a signal to the process.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ended waits for the process to end.
func (p *process) ended(t *testing.T) {
	t.Helper()
	select {
	case <-p.gone:
	case <-time.After(time.Minute):
		t.Fatalf("%s has not ended", p.Path)
	}
}

// serve starts a server at an address, whose port may be 0.
func serve(t *testing.T, name, model, addr, sessions string, flags ...string) *process {
	t.Helper()
	args := append([]string{"serve", "--model", "model=" + model, "--addr", addr, "--json", "--parallel", "2"}, flags...)
	if sessions != "" {
		args = append(args, "--session-dir", sessions)
	}
	cmd := exec.Command(os.Getenv(commandEnv), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, name, cmd)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready struct {
		Addr string `json:"addr"`
	}
	if err != nil || json.Unmarshal(line, &ready) != nil || ready.Addr == "" {
		t.Fatalf("%s said %q, %v, where its address was to be", name, line, err)
	}
	p.url = "http://" + strings.TrimPrefix(ready.Addr, "http://")
	return p
}

// route starts a router in front of servers.
func route(t *testing.T, workers ...*process) *process {
	t.Helper()
	port, metrics := freePort(t), freePort(t)
	args := []string{
		"--host", "127.0.0.1", "--port", port, "--policy", "sticky_least_loaded",
		"--health-check-interval-secs", "1", "--health-failure-threshold", "1", "--health-success-threshold", "1",
		"--prometheus-host", "127.0.0.1", "--prometheus-port", metrics, "--worker-urls",
	}
	for _, w := range workers {
		args = append(args, w.url)
	}
	p := start(t, "router", exec.Command(filepath.Join(os.Getenv(routerEnv), "bin", "vllm-router"), args...))
	p.url = "http://127.0.0.1:" + port
	within(t, "the router is up", func() bool { return status(t.Context(), p.url+"/health") == http.StatusOK })
	return p
}

// freePort returns a port of loopback that nobody listened on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// status returns the status of a page, 0 where there is none.
func status(ctx context.Context, url string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = r.Body.Close()
	return r.StatusCode
}

// within waits for something that happens soon.
func within(t *testing.T, what string, happens func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !happens(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not so within a minute: %s", what)
		}
	}
}

// requests returns how many answers a server has given.
func requests(t *testing.T, p *process) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	n := 0
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(name, "coreml_requests_total{") && strings.Contains(name, "chat/completions") {
			var v float64
			if _, err := fmt.Sscan(value, &v); err != nil {
				t.Fatal(err)
			}
			n += int(v)
		}
	}
	return n
}
