package openai

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/quote"
)

const (
	// DefaultMaxBody is the greatest size of a request in bytes where Config says nothing.
	DefaultMaxBody = 16 << 20
	// DefaultMaxAnswers is the greatest number of answers to one prompt.
	DefaultMaxAnswers = 8
	// DefaultWriteTimeout is how long a reader may take nothing.
	DefaultWriteTimeout = 30 * time.Second
	// DefaultKeepAlive is how long a stream is silent at most.
	DefaultKeepAlive = 15 * time.Second
)

// Config configures a [Handler]. A nil one is the zero Config.
type Config struct {
	// APIKeys are those that a request may have, as "Authorization: Bearer KEY" or
	// "X-Api-Key: KEY". Empty means that none is asked for; /health never asks.
	APIKeys []string
	// Origins are the web pages that may use the server, such as "https://example.com"; "*"
	// stands for all. Pages of the server's own host may use it in any case, and requests of
	// other pages are refused, with whatever method.
	Origins []string
	// MaxBody is the greatest size of a request in bytes; 0 means [DefaultMaxBody].
	MaxBody int64
	// MaxAnswers bounds the fields n and best_of; 0 means [DefaultMaxAnswers].
	MaxAnswers int
	// Timeout is how long a request may take, with the wait for a state; 0 means no limit.
	Timeout time.Duration
	// WriteTimeout is how long a reader may take nothing of what is written to it before it is
	// cut off; 0 means [DefaultWriteTimeout].
	WriteTimeout time.Duration
	// KeepAlive is the time of silence after which a stream is sent a comment, so that nobody
	// between takes it for dead; 0 means [DefaultKeepAlive].
	KeepAlive time.Duration
	// Logger is told of each request when it is over: at level Info, Error where the fault
	// is the server's, and Debug for /health. Nil means that nothing is logged.
	Logger *slog.Logger
	// Metrics is told of each request when it is over; nil for none.
	Metrics Metrics
}

// withDefaults returns a copy without zero fields, or what is wrong with c.
func (c *Config) withDefaults() (Config, error) {
	var out Config
	if c != nil {
		out = *c
	}
	switch {
	case out.MaxBody < 0:
		return out, fmt.Errorf("openai: MaxBody is %d, want 1 or more, or 0 for %d", out.MaxBody, int64(DefaultMaxBody))
	case out.MaxAnswers < 0:
		return out, fmt.Errorf("openai: MaxAnswers is %d, want 1 or more, or 0 for %d", out.MaxAnswers, DefaultMaxAnswers)
	case out.Timeout < 0 || out.WriteTimeout < 0 || out.KeepAlive < 0:
		return out, fmt.Errorf("openai: Timeout, WriteTimeout and KeepAlive are %v, %v and %v, want 0 or more", out.Timeout, out.WriteTimeout, out.KeepAlive)
	}
	for _, key := range out.APIKeys {
		if key == "" {
			return out, fmt.Errorf("openai: an API key is empty")
		}
	}
	setDefault(&out.MaxBody, DefaultMaxBody)
	setDefault(&out.MaxAnswers, DefaultMaxAnswers)
	setDefault(&out.WriteTimeout, DefaultWriteTimeout)
	setDefault(&out.KeepAlive, DefaultKeepAlive)
	return out, nil
}

// setDefault sets what is zero.
func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Model is a model that requests name. It has a Generator or an Encoder, which stay the
// caller's, who closes them when the handler serves no more.
type Model struct {
	// ID is the name, of 1 to 256 printable characters.
	ID string
	// Generator writes text.
	Generator *generate.Generator
	// Encoder gives vectors.
	Encoder *embed.Model
	// Adapters are the low-rank adapters that a request may ask for by name, as model
	// "ID:name" or in the field adapter. Functions of the package are asked for in the same
	// way, as model "ID:function" or in the field function.
	Adapters map[string][]coreml.Adapter
	// Sessions keeps the conversations of requests with a header X-Session-Id. Nil means
	// that the header is left alone: what prompts share is found by the generator itself.
	Sessions *generate.Sessions
	// Created is the date of the model; zero means the time at which it was added.
	Created time.Time
}

// maxID is the greatest length of a model's name.
const maxID = 256

// check refuses a model that cannot be served.
func (m *Model) check() error {
	switch {
	case m.ID == "" || len(m.ID) > maxID || !isPrintable(m.ID):
		return fmt.Errorf("openai: the model's ID is %s, want 1 to %d printable characters", quote.Name(m.ID, maxShown), maxID)
	case m.Generator == nil && m.Encoder == nil:
		return fmt.Errorf("openai: model %s has no Generator and no Encoder", quote.Name(m.ID, maxShown))
	case m.Sessions != nil && m.Generator == nil:
		return fmt.Errorf("openai: model %s has Sessions without a Generator", quote.Name(m.ID, maxShown))
	}
	return nil
}

// isPrintable reports whether a text has no characters that cannot be seen.
func isPrintable(s string) bool {
	return quote.Text(s, len(s)) == s
}
