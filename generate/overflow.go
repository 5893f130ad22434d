package generate

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/tokenizer"
)

// Overflow says what is done with a text that is longer than the model's context.
type Overflow string

// What can be done.
const (
	// OverflowError refuses a prompt that is too long with [ErrContextFull], and ends an
	// answer that fills the context with [FinishContext].
	OverflowError Overflow = ""
	// OverflowDropTurns leaves out the oldest turns of a conversation, as many as the chat
	// template has to lose for the rest to fit with some room for the answer: that of
	// MaxTokens, at most a quarter of the context. A turn is a message of the user with all
	// that follows it up to the next one. System messages at the beginning stay, and so does
	// the last turn. A session forgets what is dropped; Stats.DroppedMessages counts it. An
	// answer that fills the context ends with [FinishContext], and can be gone on with
	// ([Session.Continue]).
	OverflowDropTurns Overflow = "drop_turns"
	// OverflowSlide keeps the first tokens ([Options.KeepTokens]) and the last ones, and
	// drops what lies between: half of the rest of the context at a time. What stays is
	// read again at its new positions, so that the answer goes on as that of a fresh run
	// over these tokens does, with every kind of cache. That costs a prompt of that length
	// now and then. An answer then ends by MaxTokens, a stop string or the model alone:
	// give it one of the first two. Stats.Slides counts.
	OverflowSlide Overflow = "slide"
)

// sinkTokens is the number of first tokens that are kept where nobody says how many. A
// model looks at the first few all the time, whatever they are (Xiao et al., Efficient
// Streaming Language Models with Attention Sinks, 2023).
const sinkTokens = 4

// validateOverflow refuses what cannot be asked.
func (o *Options) validateOverflow() error {
	switch o.Overflow {
	case OverflowError, OverflowDropTurns:
		if o.KeepTokens != 0 {
			return configErrorf("KeepTokens", "is %d, but only the Overflow %q keeps tokens", o.KeepTokens, OverflowSlide)
		}
	case OverflowSlide:
		if o.KeepTokens < 0 {
			return configErrorf("KeepTokens", "is %d, want 1 or more, or 0 for the system messages, else %d", o.KeepTokens, sinkTokens)
		}
	default:
		return configErrorf("Overflow", "is %q, want %q, %q or %q", string(o.Overflow), OverflowError, OverflowDropTurns, OverflowSlide)
	}
	return nil
}

// fit slides a prompt that is too long along, and finds out how many tokens are kept when
// the answer makes it so.
func (r *generation) fit(ctx context.Context, prompt []int, messages []tokenizer.Message) ([]int, error) {
	if r.opts.Overflow != OverflowSlide {
		return prompt, nil
	}
	if len(r.pictures) > 0 {
		return nil, configErrorf("Overflow", "is %q, but the prompt has pictures, which cannot be slid along", r.opts.Overflow)
	}
	r.kept = r.opts.KeepTokens
	if r.kept == 0 {
		r.kept = sinkTokens
		if system := leadingSystem(messages); r.chat && system > 0 {
			head, err := r.g.sharedHead(ctx, messages[:system], &r.opts)
			if err != nil {
				return nil, err
			}
			r.kept = max(sinkTokens, sharedPrefix(head, prompt))
		}
	}
	r.kept = min(r.kept, r.bound.context/2)
	if len(prompt) > r.bound.context {
		r.stats.Slides++
		prompt = slid(prompt, r.kept, r.bound.context)
	}
	return prompt, nil
}

// slides reports whether a sequence of n tokens has to be slid along for one more.
func (r *generation) slides(n int) bool {
	return r.opts.Overflow == OverflowSlide && n >= r.bound.context
}

// slid returns what stays of all tokens in a context: the first ones and the last ones.
func slid(all []int, kept, context int) []int {
	tail := max((context-kept)/2, 1)
	return append(slices.Clone(all[:kept]), all[len(all)-tail:]...)
}

// slide drops the middle of a full sequence, adds a token and returns the logits that
// follow it.
func (r *generation) slide(ctx context.Context, seq *Sequence, id int) ([]float32, error) {
	all := append(seq.Tokens(), id)
	rest := slid(all, r.kept, r.bound.context)
	r.stats.Slides++
	r.prompt = max(r.prompt-(len(all)-len(rest)), r.kept)
	if err := seq.truncate(r.kept); err != nil {
		return nil, err
	}
	logits, err := seq.append(ctx, rest[r.kept:], nil)
	if err != nil {
		return nil, err
	}
	return logits, seq.reserve(r.limit - r.stats.Tokens)
}

// leadingSystem returns the number of messages at the beginning that tell the model how
// to answer.
func leadingSystem(messages []tokenizer.Message) int {
	n := 0
	for n < len(messages) && (messages[n].Role == "system" || messages[n].Role == "developer") {
		n++
	}
	return n
}

// encodeWithin turns messages into the token ids before an answer, without the oldest
// turns where the options say so. The messages become those that are left.
func (r *generation) encodeWithin(ctx context.Context, messages *[]tokenizer.Message, opts *Options) ([]int, error) {
	ids, left, err := r.g.encodeWithin(ctx, r.bound, *messages, opts)
	r.stats.DroppedMessages = len(*messages) - len(left)
	*messages = left
	return ids, err
}

func (g *Generator) encodeWithin(ctx context.Context, b *boundModel, messages []tokenizer.Message, opts *Options) ([]int, []tokenizer.Message, error) {
	ids, err := g.encodeChat(ctx, messages, opts)
	if err != nil || valueOr(opts, Options{}).Overflow != OverflowDropTurns {
		return ids, messages, err
	}
	room := min(g.tokenLimit(opts.MaxTokens), b.context/4)
	if len(ids)+room <= b.context {
		return ids, messages, nil
	}
	if len(opts.Images) > 0 || slices.Contains(ids, pictureSlot) {
		return nil, nil, configErrorf("Overflow", "is %q, but the conversation has pictures, which stay where they are", opts.Overflow)
	}
	cuts := turnStarts(messages)
	// The shortest that fits is looked for by halves: each look costs a rendering. Of a
	// conversation of which nothing fits, the last turn alone is tried.
	lo, hi := 0, len(cuts)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if ids, err = g.encodeChat(ctx, without(messages, cuts[mid]), opts); err != nil {
			return nil, nil, err
		}
		if len(ids)+room <= b.context {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if len(cuts) > 0 {
		messages = without(messages, cuts[lo])
	}
	ids, err = g.encodeChat(ctx, messages, opts)
	return ids, messages, err
}

// turnStarts returns the places of the user's messages but the first: those at which a
// conversation may begin behind its system messages.
func turnStarts(messages []tokenizer.Message) []int {
	var starts []int
	first := true
	for i := leadingSystem(messages); i < len(messages); i++ {
		if messages[i].Role != "user" {
			continue
		}
		if !first {
			starts = append(starts, i)
		}
		first = false
	}
	return starts
}

// without returns the system messages and those from a place on.
func without(messages []tokenizer.Message, from int) []tokenizer.Message {
	return append(slices.Clone(messages[:leadingSystem(messages)]), messages[from:]...)
}

// chatPrompt is the prompt of a turn with messages.
func (s *Session) chatPrompt(ctx context.Context, t *sessionTurn) ([]int, error) {
	opts := t.opts
	if t.continues {
		chat := valueOr(s.g.chatOptions(&opts), tokenizer.ChatOptions{})
		chat.ContinueFinalMessage, chat.AddGenerationPrompt, chat.Tools = true, false, nil
		opts.Chat = &chat
	}
	return t.r.encodeWithin(ctx, &t.messages, &opts)
}

// sharedHead returns the tokens that every conversation has which begins with messages:
// those that two prompts share whose next messages of the user begin differently. A
// template that takes no user's message there is asked for the messages alone.
func (g *Generator) sharedHead(ctx context.Context, messages []tokenizer.Message, opts *Options) ([]int, error) {
	var heads [2][]int
	for i, text := range []string{"a", "1"} {
		with := append(slices.Clone(messages), tokenizer.Message{Role: "user", Content: text})
		ids, err := g.encodeChat(ctx, with, opts)
		if err != nil && ctx.Err() == nil {
			return g.encodeAlone(ctx, messages, opts)
		}
		if err != nil {
			return nil, err
		}
		heads[i] = ids
	}
	return heads[0][:sharedPrefix(heads[0], heads[1])], nil
}

// encodeAlone encodes messages without the beginning of an answer.
func (g *Generator) encodeAlone(ctx context.Context, messages []tokenizer.Message, opts *Options) ([]int, error) {
	chat := g.chatOptions(opts)
	chat.AddGenerationPrompt = false
	ids, err := g.encodeMessages(ctx, messages, chat)
	if err != nil {
		return nil, unlessEnded(ctx, fmt.Errorf("encode messages: %w", err))
	}
	return ids, nil
}
