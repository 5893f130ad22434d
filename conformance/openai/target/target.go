// Package target starts the servers that are tried: the command's, or package
// generate/openai within the process.
package target

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/openai"
)

// ModelID is the name that the model of WriteModel is served under.
const ModelID = "storyteller"

// Config says which server is started.
type Config struct {
	// Binary is the path of the command coreml.
	Binary string
	// Models are what --model takes, such as "id=Model.mlpackage"; at least one.
	Models []string
	// Encoder is a model that gives vectors, in the same form; empty for none.
	Encoder string
	// Key is the key that requests need; empty for none.
	Key string
	// Parallel and Queue are how many answers are written at once, and how many more wait;
	// 0 leaves the command's own defaults.
	Parallel, Queue int
	// Origins are those that browsers may ask from.
	Origins []string
	// WriteTimeout is how long a reader that takes nothing is waited for, only for Local; 0
	// is the server's own.
	WriteTimeout time.Duration
	// Args are further arguments.
	Args []string
	// Log takes what the command says besides its address; nil drops it.
	Log io.Writer
}

// Server is a running server, or the address of one that was running already.
type Server struct {
	// URL is the beginning of all its addresses, without /v1.
	URL string
	// Key is a key that it accepts, Model what it serves, and Encoder what gives vectors.
	Key, Model, Encoder string
	// Parallel and Queue are those of [Config], 0 where they are not known.
	Parallel, Queue int

	// Generators and Handler are what Local serves, nil elsewhere.
	Generators []*generate.Generator
	Handler    *openai.Handler

	encoder *embed.Model
	http    *http.Server
	process *exec.Cmd
	ended   chan struct{}
	err     error
}

// Start starts the command and waits until it answers, or until ctx ends. Stop ends it.
func Start(ctx context.Context, cfg *Config) (*Server, error) {
	args := []string{"serve", "--addr", "127.0.0.1:0", "--json"}
	for _, m := range append(cfg.Models, cfg.Encoder) {
		if m != "" {
			args = append(args, "--model", m)
		}
	}
	if cfg.Key != "" {
		args = append(args, "--api-key", cfg.Key)
	}
	for _, origin := range cfg.Origins {
		args = append(args, "--origin", origin)
	}
	for flag, n := range map[string]int{"--parallel": cfg.Parallel, "--queue": cfg.Queue} {
		if n != 0 {
			args = append(args, flag, strconv.Itoa(n))
		}
	}
	cmd := exec.Command(cfg.Binary, append(args, cfg.Args...)...) //nolint:gosec // the caller's own command
	log := cfg.Log
	if log == nil {
		log = io.Discard
	}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := newServer(cfg)
	s.process, s.ended = cmd, make(chan struct{})
	addr := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(out)
		first, _ := lines.ReadBytes('\n')
		var said struct{ Addr string }
		_ = json.Unmarshal(first, &said)
		addr <- said.Addr
		_, _ = io.Copy(log, lines)
		s.err = cmd.Wait()
		close(s.ended)
	}()
	select {
	case a := <-addr:
		s.URL = baseURL(a)
	case <-ctx.Done():
	}
	if s.URL == "" {
		return nil, errors.Join(errors.New("the command said no address"), ctx.Err(), s.Kill())
	}
	if err := s.Ready(ctx); err != nil {
		return nil, errors.Join(err, s.Kill())
	}
	return s, nil
}

// newServer returns what cfg says of a server.
func newServer(cfg *Config) *Server {
	s := &Server{Key: cfg.Key, Parallel: cfg.Parallel, Queue: cfg.Queue}
	s.Model, _, _ = strings.Cut(cfg.Models[0], "=")
	s.Encoder, _, _ = strings.Cut(cfg.Encoder, "=")
	return s
}

// baseURL makes an address of what the command says, be it host:port or a URL.
func baseURL(addr string) string {
	switch {
	case addr == "":
		return ""
	case strings.Contains(addr, "://"):
		return strings.TrimSuffix(addr, "/")
	}
	return "http://" + addr
}

// Ready waits until /health is 200, or until ctx ends or the process does.
func (s *Server) Ready(ctx context.Context) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/health", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(resp.Status)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the command has ended: %w", s.err)
		case <-ctx.Done():
			return fmt.Errorf("%w; /health: %w", ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// PID is the process's number, 0 for a server that was not started here.
func (s *Server) PID() int {
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// Signal sends a signal to the process.
func (s *Server) Signal(sig os.Signal) error {
	if s.process == nil {
		return errors.New("the server was not started here")
	}
	return s.process.Process.Signal(sig)
}

// Wait waits until the process has ended, or ctx has, and returns the exit status.
func (s *Server) Wait(ctx context.Context) (int, error) {
	select {
	case <-s.ended:
		return s.process.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Kill ends the server at once and waits for it. It does nothing to one that was not
// started here.
func (s *Server) Kill() error {
	if s.process == nil {
		return s.close()
	}
	err := s.process.Process.Kill()
	<-s.ended
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return err
}

// Do sends a request with the key; a nil body sends none. The caller closes the response.
func (s *Server) Do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r = strings.NewReader(string(text))
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, r)
	if err != nil {
		return nil, err
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	return http.DefaultClient.Do(req)
}

// Dial opens a bare connection to the server, for what a client of HTTP would not do.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	_, addr, _ := strings.Cut(s.URL, "://")
	host, _, _ := strings.Cut(addr, "/")
	return new(net.Dialer).DialContext(ctx, "tcp", host)
}
