// Command server serves a model over HTTP, for clients of OpenAI's and of Anthropic's
// interface, and ends when the answers under way are over.
//
//	go run ./examples/server -addr 127.0.0.1:8080
//	curl 127.0.0.1:8080/v1/completions -d '{"prompt": "Once upon a time"}'
//
// The handler is one part of a program: it can stand beside others in a mux. What
// `coreml serve` adds are flags, TLS, measures and a page.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "the address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, listener, slog.Default()); err != nil {
		log.Fatal(err)
	}
}

// serve answers requests until ctx ends, and then those that it has begun to answer.
func serve(ctx context.Context, listener net.Listener, logger *slog.Logger) error {
	// Four answers at once, and up to 64 requests that wait.
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{MaxStates: 4, MaxQueue: 64})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer g.Close()
	api, err := openai.New(&openai.Config{Logger: logger}, openai.Model{ID: "storyteller", Generator: g})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return errors.Join(api.Shutdown(drain), server.Shutdown(drain))
}
