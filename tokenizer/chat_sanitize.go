package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/chat"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// maxRounds bounds how often a conversation is written for further spellings of
// control tokens, and maxSpellings their number.
const (
	maxRounds    = 8
	maxSpellings = 256
)

// encodeSanitized encodes a conversation in which control tokens of the caller are
// characters. A normalizer may make a control token of other characters, and a
// vocabulary may spell one by itself, so that the ids are looked at in the end: the
// texts that became control tokens are taken for spellings of them, and who has written
// these is found out as it is for the tokens' own.
func (t *Tokenizer) encodeSanitized(ctx context.Context, template string, messages []Message, opts *ChatOptions) (*Encoding, error) {
	controls := t.controlTokens(template)
	var spellings []chat.Control
	for _, id := range slices.Sorted(maps.Keys(controls)) {
		spellings = append(spellings, controls[id])
	}
	vars := t.chatVars(messages, opts)
	for range maxRounds {
		s, err := t.templates.Sanitize(ctx, template, vars, opts.Now, spellings)
		if errors.Is(err, chat.ErrIndistinct) {
			return nil, fmt.Errorf("%w: %w", ErrControlTokens, err)
		}
		if err != nil {
			return nil, templateError(err)
		}
		if err := checkMessages(vars); err != nil {
			return nil, err
		}
		e, err := t.encodeSpans(ctx, s.Text, s.Spans, controls)
		if err != nil {
			return nil, err
		}
		more, err := t.foreign(s, e, controls)
		if err != nil || len(more) == 0 {
			return e, err
		}
		before := len(spellings)
		for _, one := range more {
			if !slices.ContainsFunc(spellings, func(c chat.Control) bool { return c.Text == one.Text }) {
				spellings = append(spellings, one)
			}
		}
		if len(spellings) == before || len(spellings) > len(controls)+maxSpellings {
			break
		}
	}
	return nil, fmt.Errorf("%w: the tokenizer spells one in too many ways", ErrControlTokens)
}

// foreign returns the parts of a text that have become control tokens, and of which it
// is not known that the template has written them. White space that belongs to a token
// is no part of it.
func (t *Tokenizer) foreign(s *chat.Sanitized, e *Encoding, controls map[int]chat.Control) ([]chat.Control, error) {
	var more []chat.Control
	for i, id := range e.IDs {
		control, ok := controls[id]
		at := e.Offsets[i]
		part := s.Text[at.Start:at.End]
		if !ok || part == "" || t.isUnknown(id) { // what a normalizer puts there is of no text
			continue
		}
		if part != control.Text {
			trimmed := strings.TrimLeftFunc(part, uni.IsSpace)
			at.Start += len(part) - len(trimmed)
			part = strings.TrimRightFunc(trimmed, uni.IsSpace)
		}
		if part == "" {
			return nil, fmt.Errorf("%w: the tokenizer makes %q of white space", ErrControlTokens, control.Text)
		}
		if caller, known := s.Owner(at.Start); !caller && known {
			continue
		}
		more = append(more, chat.Control{Text: part, Special: control.Special})
	}
	return more, nil
}

// controlTokens are the tokens that a template steers the model with, by id: those that
// transformers takes for them (_get_control_tokens in its tokenization_utils_base.py).
func (t *Tokenizer) controlTokens(template string) map[int]chat.Control {
	tokens := map[int]chat.Control{}
	for id, a := range t.addedByID {
		special := t.special[id]
		blank := strings.TrimFunc(a.Content, uni.IsSpace) == "" // as Gemma's line breaks
		if special || !blank && strings.Contains(template, a.Content) {
			tokens[id] = chat.Control{Text: a.Content, Special: special}
		}
	}
	return tokens
}

// encodeSpans encodes a text in which the spans are no tokens of their own but
// characters. They and what is between them are encoded apart, as transformers does
// (encode_marked_chat in its chat_template_utils.py).
func (t *Tokenizer) encodeSpans(ctx context.Context, text string, spans []chat.Span, controls map[int]chat.Control) (*Encoding, error) {
	plain := t.withoutAdded()
	out := newEncoding(len(text)/3 + 16)
	out.original = text
	from := 0
	for _, span := range append(slices.Clip(spans), chat.Span{Start: len(text), End: len(text)}) {
		if err := t.appendAfter(ctx, out, t, from, span.Start); err != nil {
			return nil, err
		}
		if err := t.appendSpelled(ctx, out, plain, span, controls); err != nil {
			return nil, err
		}
		from = span.End
	}
	return out, nil
}

// appendSpelled appends the tokens of a span: those of its text, and where one of them
// is a control token, because the vocabulary has it too, those of its characters.
func (t *Tokenizer) appendSpelled(ctx context.Context, out *Encoding, plain *Tokenizer, span chat.Span, controls map[int]chat.Control) error {
	isControl := func(id int) bool { _, ok := controls[id]; return ok && !t.isUnknown(id) }
	whole := &Encoding{original: out.original}
	if err := t.appendAfter(ctx, whole, plain, span.Start, span.End); err != nil {
		return err
	}
	if slices.ContainsFunc(whole.IDs, isControl) {
		whole = &Encoding{original: out.original}
		for i := span.Start; i < span.End; {
			end := i + uni.CharLen(out.original, i)
			if err := t.appendAfter(ctx, whole, plain, i, end); err != nil {
				return err
			}
			i = end
		}
	}
	if slices.ContainsFunc(whole.IDs, isControl) {
		return fmt.Errorf("%w: the vocabulary spells %q in no other way", ErrControlTokens, out.original[span.Start:span.End])
	}
	out.appendPlaced(whole, 0, span.Start)
	return nil
}

// isUnknown reports whether an id says no more than that the vocabulary lacks something.
// Some tokenizers end texts with that token too.
func (t *Tokenizer) isUnknown(id int) bool {
	if id != int(t.model.Unknown()) {
		return false
	}
	token, _ := t.IDToToken(id)
	c := t.config
	return !slices.Contains([]string{c.BOSToken, c.EOSToken, c.SepToken, c.PadToken, c.CLSToken, c.MaskToken}, token)
}

// appendAfter appends the tokens of a part of the text with one of two tokenizers, as it
// is where it begins the text and else behind a line break: SentencePiece puts a space
// before what begins a text.
func (t *Tokenizer) appendAfter(ctx context.Context, out *Encoding, with *Tokenizer, start, end int) error {
	part := out.original[start:end]
	if part == "" {
		return nil
	}
	if start > 0 {
		newline, err := t.EncodeContext(ctx, "\n", false)
		if err != nil {
			return err
		}
		e, err := with.EncodeWithOffsetsContext(ctx, "\n"+part, false)
		if err != nil {
			return err
		}
		if n := len(newline); e.Len() >= n && slices.Equal(e.IDs[:n], newline) {
			out.appendPlaced(e.part(n, e.Len()), start-1, start)
			return nil
		}
	}
	e, err := with.EncodeWithOffsetsContext(ctx, part, false)
	if err == nil {
		out.appendPlaced(e, start, start)
	}
	return err
}

// appendPlaced appends the tokens of a part of the text whose own offsets begin at shift;
// none begins before start.
func (e *Encoding) appendPlaced(part *Encoding, shift, start int) {
	word := 0
	if n := e.Len(); n > 0 && part.Len() > 0 {
		word = e.Words[n-1] + 1 - part.Words[0]
	}
	for i, id := range part.IDs {
		at := Offsets{max(part.Offsets[i].Start+shift, start), max(part.Offsets[i].End+shift, start)}
		e.push(id, part.Tokens[i], at, part.TypeIDs[i], part.Words[i]+word, part.SpecialMask[i])
	}
}

// withoutAdded returns the tokenizer without its added tokens.
func (t *Tokenizer) withoutAdded() *Tokenizer {
	return &Tokenizer{
		model: t.model, vocab: t.vocab, raw: t.raw, normalizers: t.normalizers, stages: t.stages,
		intricate: t.intricate, size: t.size, config: t.config,
	}
}
