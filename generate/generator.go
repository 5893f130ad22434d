package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// Generator writes text with one model. It is made by [Open], [OpenFS] or [New]
// and may be used from any number of goroutines at once. A nil or zero one is as
// one that is closed and has no model.
type Generator struct {
	model *coreml.Model
	tok   *tokenizer.Tokenizer // nil when there is none
	bound *boundModel          // the function that answers where none is named
	// functions are the others, nil for a generator that nothing made.
	functions   *functions
	batches     *batches
	pool        *pool
	prefixes    *prefixes
	turns       turns
	sums        sums
	log         *slog.Logger // nil for none
	tracer      Tracer       // nil for none
	chunk       int          // the greatest number of tokens in one forward pass
	defaults    Defaults
	ends        map[int]bool // the model's end tokens
	turnEnd     int          // the token that ends a chat message, or -1
	chat        *tokenizer.ChatOptions
	breakers    breakerCache
	load        time.Duration
	grammars    grammarCaches
	draft       *Generator   // nil for none
	speculation *Speculation // where Options says nothing
}

// background returns ctx, or the background where it is nil.
func background(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// newGenerator joins the functions of a model and a tokenizer. The values of c are
// in range. Drained is called once, when the model is no longer used after Close.
func newGenerator(ctx context.Context, src functionSource, set []packageFunctions, t *tokenizer.Tokenizer, c *Config,
	drained func() error,
) (*Generator, error) {
	if err := checkDraft(t, c.Draft); err != nil {
		return nil, err
	}
	g := &Generator{prefixes: new(prefixes), tok: t, chat: c.Chat, chunk: c.chunk(), draft: c.Draft, speculation: c.Speculation, defaults: Defaults{PadToken: -1}}
	if c.Defaults != nil {
		g.defaults = c.Defaults.clone()
	}
	var d *Driver
	var err error
	if g.bound, d, err = g.bind(ctx, src, set, c.Driver); err != nil {
		return nil, err
	}
	g.grammars.calls.Limit = maxCallGrammars
	g.functions, g.batches = newFunctions(src, set, c.Driver, d), newBatches(set)
	g.pool = newPool(newStageLane, c.states(), func() error {
		return errors.Join(drained(), g.bound.release(), g.functions.release(), g.batches.release())
	})
	g.pool.bytes, g.pool.longest = c.MaxStateBytes, c.MaxQueue
	g.pool.reuse, g.pool.resting = c.ReuseStates, c.idle()
	g.turns.threads, g.log, g.tracer = runtime.GOMAXPROCS(0), c.Logger, c.Tracer
	if need := g.bound.stateBytes; c.MaxStateBytes > 0 && need > c.MaxStateBytes {
		return nil, errors.Join(configErrorf("MaxStateBytes", "is %d, but a state of the function takes %d bytes", c.MaxStateBytes, need), g.bound.release())
	}
	g.ends, g.turnEnd = g.findEnds(), g.findTurnEnd(ctx)
	return g, ctx.Err()
}

// bind finds the driver of a model and refuses a tokenizer and defaults that are
// not the model's.
func (g *Generator) bind(ctx context.Context, src functionSource, set []packageFunctions, override *Driver) (*boundModel, *Driver, error) {
	entries := 0
	if g.tok != nil {
		entries = g.tok.VocabSize()
	}
	vocabulary := func(f *coreml.FeatureDescription) int {
		m, _, err := src.function(ctx, "", "")
		if err != nil {
			m = nil
		}
		width, _ := vocabularyOf(m, f, 0)
		return width
	}
	found, err := detect(set, override, vocabulary, entries)
	if err != nil {
		return nil, nil, err
	}
	bound, err := bindModel(ctx, textsSource{src, 0}, found.driver, g.defaults.PadToken, entries)
	if err != nil {
		return nil, nil, err
	}
	g.bindMarker(bound)
	desc := set[0].find("")
	if desc == nil {
		desc = set[0].functions[0]
	}
	logits := int(bound.vocabulary.Load())
	err = cmp.Or(checkVocabulary(g.tok, logits), checkDeclared(g.tok, logits, sizeInMetadata(desc)), g.defaults.checkIDs(logits))
	if err != nil {
		return nil, nil, errors.Join(err, bound.release())
	}
	return bound, found.driver, nil
}

// findEnds collects the model's end tokens: those of generation_config.json and
// the tokenizer's own.
func (g *Generator) findEnds() map[int]bool {
	ends := map[int]bool{}
	for _, id := range g.defaults.EndTokens {
		ends[id] = true
	}
	if g.tok == nil {
		return ends
	}
	if eos := g.tok.Config().EOSToken; eos != "" {
		if id, ok := g.tok.TokenToID(eos); ok {
			ends[id] = true
		}
	}
	return ends
}

// EndTokens returns the ids that end an answer, in rising order.
func (g *Generator) EndTokens() []int {
	return slices.Sorted(maps.Keys(g.made().ends))
}

// Model returns the model.
func (g *Generator) Model() *coreml.Model { return g.made().model }

// Tokenizer returns the tokenizer, nil when there is none.
func (g *Generator) Tokenizer() *tokenizer.Tokenizer { return g.made().tok }

// Driver returns a copy of what was detected and overridden.
func (g *Generator) Driver() Driver {
	return *g.made().bound.d.clone()
}

// Defaults returns a copy of the model's own settings.
func (g *Generator) Defaults() Defaults { return g.made().defaults.clone() }

// DefaultSampling returns how the model itself wants its tokens chosen, as
// generation_config.json says: what a nil [Options.Sampling] stands for. It is a
// copy that may be changed and used as Options.Sampling, and never nil: a zero
// one takes the likeliest token.
func (g *Generator) DefaultSampling() *Sampling {
	if s := g.made().defaults.Sampling.clone(); s != nil {
		return s
	}
	return new(Sampling)
}

// ChatOptions returns what the chat template is given where [Options.Chat] is nil: a copy of
// [Config.Chat] that may be changed and used as Options.Chat, and never nil.
func (g *Generator) ChatOptions() *tokenizer.ChatOptions {
	out := valueOr(g.made().chat, tokenizer.ChatOptions{})
	out.Extra = maps.Clone(out.Extra)
	return &out
}

// HasChatTemplate reports whether the generator answers messages: whether the tokenizer or
// [Config.Chat] has a template for them. Options.Chat of a request may name one all the same.
func (g *Generator) HasChatTemplate() bool {
	g = g.made()
	return g.tok != nil && (g.tok.HasChatTemplate() || g.chat != nil && g.chat.Template != "")
}

// Vocabulary returns the number of logits that the model gives for a token, or
// 0 while it is not known: a package may leave it open until the first
// prediction.
func (g *Generator) Vocabulary() int { return int(g.made().bound.vocabulary.Load()) }

// ContextLength returns the greatest number of tokens of prompt and answer together.
func (g *Generator) ContextLength() int { return g.made().bound.context }

// Close refuses further work and returns at once. Streams end with [ErrClosed]
// at their next token, and the model that [Open] loaded is closed when the last
// of them has ended.
func (g *Generator) Close() error {
	g = g.made()
	// Prefixes hold no model open: the pool alone says when it may be closed.
	if err := errors.Join(g.prefixes.close(), g.pool.close()); err != nil {
		return prefixed(fmt.Errorf("close: %w", err))
	}
	return nil
}
