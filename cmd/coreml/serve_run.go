package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gocoreml/coreml/generate/openai"
)

// webServer is a call of serve.
type webServer struct {
	cmd     *serveCmd
	io      *streams
	keys    []string
	log     *slog.Logger
	logTo   *mutedWriter
	api     *openai.Handler
	metrics *metrics // nil without --metrics

	listener net.Listener
	addr     net.Addr
	scheme   string
	http     *http.Server
	ended    chan error // gets why the server stopped answering

	mu     sync.Mutex
	models []*liveModel
}

// readyJSON is what --json prints.
type readyJSON struct {
	Addr   string   `json:"addr"`   // host and port
	URL    string   `json:"url"`    // of a browser on this machine
	Models []string `json:"models"` // their IDs
}

// announce says where the server listens. It comes before anything is logged.
func (sv *webServer) announce() {
	what := "the API is at /v1"
	if sv.cmd.Page {
		what = "a page for conversations, and the API at /v1"
	}
	lines := []string{fmt.Sprintf("listening on %s (%s)", sv.url(), what)}
	if !isLoopback(sv.addr) && len(sv.keys) == 0 {
		lines = append(lines, "whoever reaches this address can use the server: --api-key asks for a key")
	}
	note(sv.io.err, lines)
}

// run loads the models and serves them until ctx ends.
func (sv *webServer) run(ctx context.Context, plan []*modelPlan) error {
	err := sv.load(ctx, plan)
	if err == nil {
		err = sv.wait(ctx)
	}
	err = errors.Join(err, sv.closeHTTP())
	sv.logTo.mute()
	return err
}

// load opens the models while the server answers that it is not ready.
func (sv *webServer) load(ctx context.Context, plan []*modelPlan) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	loaded := make(chan error, 1)
	go func() { loaded <- sv.loadAll(ctx, plan) }()
	select {
	case err := <-loaded:
		return err
	case err := <-sv.ended:
		cancel(err)
		<-loaded
		return err
	}
}

// loadAll opens the models one after the other; each is served as soon as it is there.
func (sv *webServer) loadAll(ctx context.Context, plan []*modelPlan) error {
	ready := readyJSON{Addr: sv.addr.String(), URL: sv.url()}
	for _, p := range plan {
		start := time.Now()
		m, err := sv.cmd.load(ctx, sv.io, p)
		if err != nil {
			return err
		}
		sv.mu.Lock()
		sv.models = append(sv.models, m)
		sv.mu.Unlock()
		if err := sv.api.Add(m.Model); err != nil {
			return err
		}
		if sv.metrics != nil && m.Generator != nil {
			sv.metrics.watch(m.ID, m.Generator)
		}
		sv.log.Info("model loaded", "model", m.ID, "duration", time.Since(start))
		ready.Models = append(ready.Models, m.ID)
	}
	sv.api.SetLoading(false)
	sv.log.Info("ready")
	if sv.cmd.JSON {
		return printJSON(sv.io.out, ready)
	}
	return nil
}

// wait serves until ctx ends, and then lets the answers under way end.
func (sv *webServer) wait(ctx context.Context) error {
	select {
	case err := <-sv.ended:
		return err
	case <-ctx.Done():
	}
	allow(ctx, sv.cmd.DrainDelay+sv.cmd.Drain+closingTime)
	if delay := sv.cmd.DrainDelay; delay > 0 {
		sv.api.SetDraining(true)
		sv.log.Info("still serving", "drain-delay", delay)
		select {
		case err := <-sv.ended:
			return err
		case <-time.After(delay):
		}
	}
	sv.log.Info("ending", "drain", sv.cmd.Drain)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), sv.cmd.Drain)
	defer cancel()
	if err := sv.api.Shutdown(drain); err != nil {
		return fmt.Errorf("--drain %s was over before all answers were: the others were cut off", sv.cmd.Drain)
	}
	return nil
}

// closingTime is what the program may take to close models and to write conversations
// after the last answer.
const closingTime = 30 * time.Second

// closeModels closes what load has opened.
func (sv *webServer) closeModels() error {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	var err error
	for _, m := range sv.models {
		err = errors.Join(err, m.Close())
	}
	return err
}

// logger returns the log, which goes to standard error.
func (c *serveCmd) logger(to io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.Quiet {
		opts.Level = slog.LevelError
	}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, opts))
	}
	return slog.New(slog.NewTextHandler(to, opts))
}

// mutedWriter passes lines on until the verb has ended: a request that was cut off may
// have a last word, which nobody waits for.
type mutedWriter struct {
	mu    sync.Mutex
	w     io.Writer
	muted bool
}

// Write passes a line on.
func (m *mutedWriter) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.muted {
		return len(p), nil
	}
	return m.w.Write(p)
}

// mute ends it.
func (m *mutedWriter) mute() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.muted = true
}
