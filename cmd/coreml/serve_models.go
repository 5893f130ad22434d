package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/openai"
)

// liveModel is a model that is served, with what has to be closed after it.
type liveModel struct {
	openai.Model
	draft *generate.Generator
}

// Close writes what is kept of conversations and closes the model.
func (m *liveModel) Close() error {
	var err error
	if m.Sessions != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closingTime)
		defer cancel()
		if err = m.Sessions.Close(ctx); err != nil {
			err = fmt.Errorf("conversations of %s were not all saved: %w", quoted(m.ID), err)
		}
	}
	if m.Generator != nil {
		err = errors.Join(err, m.Generator.Close())
	}
	if m.draft != nil {
		err = errors.Join(err, m.draft.Close())
	}
	if m.Encoder != nil {
		err = errors.Join(err, m.Encoder.Close())
	}
	return err
}

// load opens a model: one that writes text, or else one that makes vectors.
func (c *serveCmd) load(ctx context.Context, s *streams, p *modelPlan) (*liveModel, error) {
	f := c.finder(s, c.Quiet)
	f.folders = true
	m := &liveModel{Model: openai.Model{ID: p.id}}
	err := c.loadText(ctx, f, m, p)
	if err != nil && ctx.Err() == nil && p.name != "" && p.draft == "" {
		err = c.loadEncoder(ctx, f, m, p, err)
	}
	if err == nil {
		err = c.complete(ctx, f, m, p)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// loadText opens a model that writes text.
func (c *serveCmd) loadText(ctx context.Context, f *finder, m *liveModel, p *modelPlan) (err error) {
	cfg := &generate.Config{Model: c.config(), MaxStates: c.Parallel, MaxQueue: c.Queue, ReuseStates: true}
	if p.draft != "" {
		m.draft, err = openModel(ctx, f, p.draft, "", &generate.Config{Model: c.config(), MaxStates: c.Parallel})
		if err != nil {
			return fmt.Errorf("--draft: %w", err)
		}
		cfg.Draft, cfg.Speculation = m.draft, &generate.Speculation{}
	}
	m.Generator, err = openModel(ctx, f, p.name, p.tokenizer, cfg)
	return err
}

// loadEncoder opens a model that makes vectors. notText is why it writes no text: that is
// what the user is told where it makes no vectors either.
func (c *serveCmd) loadEncoder(ctx context.Context, f *finder, m *liveModel, p *modelPlan, notText error) error {
	at, err := f.model(ctx, p.name)
	if err != nil || at.several != nil {
		return notText
	}
	dir, missing := f.tokenizer(ctx, at, p.tokenizer)
	e, err := embed.Open(ctx, at.path, &embed.Config{Model: c.config(), Tokenizer: dir})
	if err != nil {
		if _, unfit := errors.AsType[*embed.PackageError](err); unfit || missing != nil {
			return notText
		}
		return fmt.Errorf("%s: %w", at.path, err)
	}
	m.Encoder = e
	return nil
}

// complete adds what belongs to a model.
func (c *serveCmd) complete(ctx context.Context, f *finder, m *liveModel, p *modelPlan) error {
	if m.Generator == nil && len(p.adapters) > 0 {
		return usagef("--adapter is for models that write text, and %s makes vectors", quoted(p.id))
	}
	for name, list := range p.adapters {
		for i := range list {
			dir, err := f.adapter(ctx, list[i].Path)
			if err == nil {
				_, err = os.Stat(dir)
			}
			if err != nil {
				return fmt.Errorf("--adapter %s: %w", quoted(name), err)
			}
			list[i].Path = dir
		}
	}
	m.Adapters = p.adapters
	return c.keepSessions(m)
}

// sessionDisk is how much of a disk the conversations of a model take.
const sessionDisk = 16 << 30

// keepSessions lets a model keep the conversations that have a name: in memory, and in a
// folder where there is one.
func (c *serveCmd) keepSessions(m *liveModel) (err error) {
	if m.Generator == nil {
		return nil
	}
	cfg := &generate.SessionsConfig{}
	if c.SessionDir != "" {
		cfg.Dir, cfg.SaveEachTurn, cfg.MaxDiskBytes = filepath.Join(c.SessionDir, folderName(m.ID)), true, sessionDisk
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return fmt.Errorf("--session-dir: %w", err)
		}
	}
	if m.Sessions, err = m.Generator.NewSessions(cfg); err != nil {
		return fmt.Errorf("conversations of %s: %w", quoted(m.ID), err)
	}
	return nil
}

// folderName is the folder for the conversations of a model: its ID, in which whatever
// could mean something to a file system is written as %XX.
func folderName(id string) string {
	var b strings.Builder
	for i := range len(id) {
		ch := id[i]
		plain := ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || ch == '-' || ch == '_' || ch == '.' && i > 0
		if plain {
			b.WriteByte(ch)
		} else {
			fmt.Fprintf(&b, "%%%02X", ch)
		}
	}
	return b.String()
}
