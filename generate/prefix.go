package generate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/tokenizer"
)

// Prefix is the beginning of texts, read once and kept: every stream, chat, session and
// batch of its generator that begins with it copies what the cache holds of it in place of
// reading it again. Nothing is to be set for it. Stats.CachedTokens tells of it.
//
// A Prefix holds a state of its own, beside those of Config.MaxStates, until it is closed or
// its generator is. It is safe for concurrent use. A nil or zero one is as one that is
// closed.
type Prefix struct {
	g       *Generator
	kept    *keptPrefix
	cleanup runtime.Cleanup
}

// keptPrefix is what a generator knows of a prefix.
type keptPrefix struct {
	bound *boundModel
	ids   []int
	mu    sync.Mutex // for the lane, which one text copies at a time
	lane  lane       // nil once the prefix is closed
}

// prefixes are those of a generator.
type prefixes struct {
	mu     sync.Mutex
	list   []*keptPrefix
	closed bool
}

// NewPrefix reads the beginning of texts for [Generator.Stream] and its like. Of opts only
// Function and Adapters count: the prefix serves texts that ask for the same. A nil ctx
// never ends; a nil opts is the zero [Options].
func (g *Generator) NewPrefix(ctx context.Context, text string, opts *Options) (*Prefix, error) {
	ctx, g = background(ctx), g.made()
	return g.newPrefix(ctx, opts, func() ([]int, error) {
		if g.tok == nil {
			return nil, ErrNoTokenizer
		}
		return g.encodeText(ctx, text)
	})
}

// NewChatPrefix reads the messages that conversations begin with, such as a system message
// and examples, as far as the chat template writes the same for each that goes on with a
// message of the user. Of opts Tools and Chat count too, which the template sees. A nil ctx
// never ends; a nil opts is the zero [Options].
func (g *Generator) NewChatPrefix(ctx context.Context, messages []tokenizer.Message, opts *Options) (*Prefix, error) {
	ctx, g = background(ctx), g.made()
	return g.newPrefix(ctx, opts, func() ([]int, error) { return g.sharedHead(ctx, messages, opts) })
}

func (g *Generator) newPrefix(ctx context.Context, opts *Options, encode func() ([]int, error)) (*Prefix, error) {
	kept, err := g.readPrefix(ctx, valueOr(opts, Options{}), encode)
	if err != nil {
		return nil, prefixed(fmt.Errorf("prefix: %w", err))
	}
	p := &Prefix{g: g, kept: kept}
	p.cleanup = runtime.AddCleanup(p, func(k *keptPrefix) { _ = g.prefixes.remove(k) }, kept)
	return p, nil
}

// readPrefix reads a prefix on a sequence, whose lane is then copied into one that belongs
// to no pool.
func (g *Generator) readPrefix(ctx context.Context, o Options, encode func() ([]int, error)) (_ *keptPrefix, err error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	bound, err := g.function(ctx, o.Function, o.Adapters)
	if err != nil {
		return nil, err
	}
	ids, err := encode()
	if err != nil {
		return nil, err
	}
	if slices.Contains(ids, pictureSlot) {
		return nil, configErrorf("prefix", "has a place for a picture, which is of one text alone")
	}
	if err := bound.checkPrompt(ids); err != nil {
		return nil, err
	}
	seq, err := g.newSequence(ctx, bound, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, seq.close()) }()
	if _, err := seq.append(ctx, ids, nil); err != nil {
		return nil, err
	}
	l, err := g.pool.newLane(bound)
	if err != nil {
		return nil, err
	}
	kept := &keptPrefix{bound: bound, ids: ids, lane: l}
	if err = l.become(seq.lease.lane); err == nil {
		err = g.prefixes.add(kept)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return kept, nil
}

// Len returns the number of tokens.
func (p *Prefix) Len() int {
	if p == nil || p.kept == nil {
		return 0
	}
	return len(p.kept.ids)
}

// Close gives the state back. Texts that have copied the prefix are not touched. Closing a
// closed one does nothing.
func (p *Prefix) Close() error {
	if p == nil || p.kept == nil {
		return nil
	}
	p.cleanup.Stop()
	err := p.g.prefixes.remove(p.kept)
	runtime.KeepAlive(p)
	return prefixed(err)
}

// add keeps a prefix unless the generator was closed.
func (p *prefixes) add(k *keptPrefix) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.list = append(p.list, k)
	return nil
}

func (p *prefixes) remove(k *keptPrefix) error {
	p.mu.Lock()
	p.list = slices.DeleteFunc(p.list, func(other *keptPrefix) bool { return other == k })
	p.mu.Unlock()
	return k.close()
}

// close closes all of them.
func (p *prefixes) close() error {
	p.mu.Lock()
	list := p.list
	p.list, p.closed = nil, true
	p.mu.Unlock()
	var errs []error
	for _, k := range list {
		errs = append(errs, k.close())
	}
	return errors.Join(errs...)
}

func (k *keptPrefix) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lane == nil {
		return nil
	}
	l := k.lane
	k.lane = nil
	return l.close()
}

// find returns the prefix that shares the most tokens with a prompt, more than there are
// cached, and nil where none does.
func (p *prefixes) find(b *boundModel, prompt []int, cached int) *keptPrefix {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *keptPrefix
	for _, k := range p.list {
		if k.bound != b {
			continue
		}
		if n := sharedPrefix(k.ids, prompt); n > cached {
			best, cached = k, n
		}
	}
	return best
}

// adopt makes the sequence hold a prefix in place of what it holds. A prefix that was
// closed meanwhile is left alone.
func (s *Sequence) adopt(k *keptPrefix) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lane == nil {
		return nil
	}
	s.lease.running = true // until all is copied
	if err := s.lease.lane.become(k.lane); err != nil {
		return s.resetAfter(0, err)
	}
	s.lease.running = false
	s.pictures = nil
	s.setTokens(slices.Clone(k.ids))
	return nil
}
