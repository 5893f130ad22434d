// Command soak holds a server under many streams whose readers are patient, slow or leave,
// and says what it saw: statuses, errors, memory, times to the first token, and what was
// left in the end. It fails where an answer is not the one that the same request has alone,
// where an error is not a documented one, where memory grows, and where anything is left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// settings are the flags.
type settings struct {
	binary, model   string
	duration        time.Duration
	streams         int
	parallel, queue int
	first           time.Duration
	seed            uint64
	verbose         bool
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "binary", "bin/coreml", "the command whose server is tried")
	flag.StringVar(&s.model, "model", "", "a package to serve; without it the storyteller")
	flag.DurationVar(&s.duration, "duration", 5*time.Minute, "how long the streams go on")
	flag.IntVar(&s.streams, "streams", 200, "how many there are at once")
	flag.IntVar(&s.parallel, "parallel", 16, "how many answers the server writes at once")
	flag.IntVar(&s.queue, "queue", 128, "how many more it lets wait")
	flag.DurationVar(&s.first, "first", 5*time.Second, "the longest time to the first token of a short request behind 8 long ones")
	flag.Uint64Var(&s.seed, "seed", 1, "what the readers' behaviour is drawn from")
	flag.BoolVar(&s.verbose, "v", false, "show what the server logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &s); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("passed")
}

// run starts the server, tries it in three parts and ends it.
func run(ctx context.Context, set *settings) (err error) {
	dir, err := os.MkdirTemp("", "soak-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := set.model
	if path == "" {
		if path, err = target.WriteModel(dir); err != nil {
			return err
		}
	}
	cfg := &target.Config{
		Binary: set.binary, Models: []string{target.ModelID + "=" + path}, Key: "soak-key",
		Parallel: set.parallel, Queue: set.queue, Log: io.Discard,
	}
	if set.verbose {
		cfg.Log = os.Stderr
	}
	s, err := target.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()

	if err := firstTokens(ctx, s, set.first); err != nil {
		return err
	}
	if err := soak(ctx, s, set); err != nil {
		return err
	}
	return end(ctx, s)
}

// end stops the server as a service manager does.
func end(ctx context.Context, s *target.Server) error {
	if err := s.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	code, err := s.Wait(ctx)
	if err != nil {
		return fmt.Errorf("behind SIGTERM: %w", err)
	}
	fmt.Printf("behind SIGTERM the command ended with status %d\n", code)
	if code != 0 {
		return fmt.Errorf("the command ended with status %d", code)
	}
	return nil
}
