package generate_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

func ExampleGenerator_Stats() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{MaxStates: 2, MaxQueue: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	// An answer that is wanted within a time, before those of others.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := g.Generate(ctx, "Once upon a time", &generate.Options{MaxTokens: 4, Priority: 1}); err != nil {
		log.Fatal(err)
	}
	s := g.Stats()
	fmt.Println(s.Answers, "answer of", s.Tokens, "tokens;", s.Waiting, "waiting,", s.States, "states in use")
	// Output:
	// 1 answer of 4 tokens; 0 waiting, 0 states in use
}

func ExampleConfig_logger() {
	ctx := context.Background()
	// Times differ from run to run.
	withoutTimes := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Value.Kind() == slog.KindDuration {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTimes}))
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{Logger: logger})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Generate(ctx, "Once upon a time", &generate.Options{MaxTokens: 4}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// level=INFO msg="answer ended" prompt_tokens=5 cached_tokens=0 tokens=4 finish=length
}

// printer is a tracer that prints. One of OpenTelemetry begins spans of its own in Start,
// with the attributes turned into its kind.
type printer struct{}

type printed struct{ name string }

func (printer) Start(ctx context.Context, name string, _ ...slog.Attr) (context.Context, generate.Span) {
	return ctx, printed{name}
}

func (printed) SetAttributes(...slog.Attr) {}

func (p printed) End(err error) { fmt.Println(p.name, err) }

func ExampleTracer() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{Tracer: printer{}})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Generate(ctx, "Once upon a time", &generate.Options{MaxTokens: 4}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// generate.wait <nil>
	// generate.prefill <nil>
	// generate.decode <nil>
	// generate <nil>
}
