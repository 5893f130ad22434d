package generate

import (
	"context"

	"github.com/gocoreml/coreml/tokenizer"
)

// drafter drafts with a smaller model, which keeps a text of its own beside the one that
// is written. It takes the likeliest token at every place: a draft that is drawn would be
// accepted a little more often at high temperatures, but then the text of a seed would
// depend on what was drafted.
type drafter struct {
	g   *Generator
	of  *Sequence // the one that is written, which keeps the draft's for the next answer
	one [1]int
	out []int
}

// draft returns at most n tokens that the draft model would write behind text.
func (d *drafter) draft(ctx context.Context, text []int, n int) ([]int, error) {
	// The text that is written counts as in use: when ctx ends it is closed, and with it
	// the draft's.
	if err := d.of.enter(); err != nil {
		return nil, err
	}
	defer d.of.leave()
	if d.of.draft == nil || d.of.draft.isClosed() {
		seq, err := d.g.claimSequence(ctx, claim{of: d.g.bound, now: true, prompt: text, most: len(text) - 1})
		if err != nil {
			return nil, err
		}
		seq.reusable = true
		d.of.draft = seq
	}
	seq := d.of.draft
	seq.turn.priority = d.of.turn.priority
	d.out = d.out[:0]
	// The last token is appended in any case: its logits are the draft's beginning.
	if n = min(n, seq.bound.context-len(text)); n <= 0 {
		return d.out, nil
	}
	kept := min(sharedPrefix(seq.ids, text), len(text)-1)
	if err := seq.truncate(kept); err != nil {
		return nil, err
	}
	logits, err := seq.append(ctx, text[kept:], nil)
	vocabulary := int(d.of.bound.vocabulary.Load())
	for {
		if err != nil {
			return nil, err
		}
		id := argmax(logits)
		if id >= vocabulary {
			return d.out, nil // a row that rounds the draft's own vocabulary up
		}
		if d.out = append(d.out, id); len(d.out) == n {
			return d.out, nil
		}
		d.one[0] = id
		logits, err = seq.append(ctx, d.one[:], nil)
	}
}

// checkDraft refuses a draft model whose tokens are not those of the model.
func checkDraft(t *tokenizer.Tokenizer, draft *Generator) error {
	if draft == nil || t == nil {
		return nil
	}
	if draft.made() == noGenerator || draft.tok == nil {
		return configErrorf("Draft", "has no tokenizer, so that its tokens cannot be compared with the model's")
	}
	n := max(t.VocabSize(), draft.tok.VocabSize())
	shared := 0
	for id := range n {
		own, ok := t.IDToToken(id)
		other, there := draft.tok.IDToToken(id)
		if ok && there && own != other {
			return configErrorf("Draft", "writes %q for token %d, and the model %q: a draft model has the tokenizer of the model", other, id, own)
		}
		if ok && there {
			shared++
		}
	}
	if shared < n/2 {
		return configErrorf("Draft", "shares %d of %d tokens with the model: a draft model has the tokenizer of the model", shared, n)
	}
	return nil
}
