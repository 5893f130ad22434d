package target

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/openai"
)

// Local serves in this process what Start's command would, without the routes that belong
// to the command. It takes no Args. Kill ends it.
func Local(ctx context.Context, cfg *Config) (*Server, error) {
	s := newServer(cfg)
	var models []openai.Model
	for _, m := range cfg.Models {
		id, path, _ := strings.Cut(m, "=")
		g, err := generate.Open(ctx, path, &generate.Config{MaxStates: cfg.Parallel, MaxQueue: cfg.Queue, ReuseStates: true})
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.Generators = append(s.Generators, g)
		models = append(models, openai.Model{ID: id, Generator: g})
	}
	if id, path, ok := strings.Cut(cfg.Encoder, "="); ok {
		m, err := embed.Open(ctx, path, nil)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.encoder = m
		models = append(models, openai.Model{ID: id, Encoder: m})
	}
	settings := &openai.Config{WriteTimeout: cfg.WriteTimeout, Origins: cfg.Origins}
	if cfg.Key != "" {
		settings.APIKeys = []string{cfg.Key}
	}
	handler, err := openai.New(settings, models...)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.URL, s.Handler = "http://"+listener.Addr().String(), handler
	s.http = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }()
	return s, s.Ready(ctx)
}

// close ends what Local has begun.
func (s *Server) close() error {
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Close())
	}
	for _, g := range s.Generators {
		errs = append(errs, g.Close())
	}
	if s.encoder != nil {
		errs = append(errs, s.encoder.Close())
	}
	return errors.Join(errs...)
}
