package tokenizer

import (
	"encoding/json"
	"fmt"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// Padding fills up encodings to one length.
type Padding struct {
	// Length is the length, 0 for that of the longest encoding of the batch.
	Length int
	// MultipleOf raises the length to a multiple of it, if it is not 0.
	MultipleOf int
	// ID, TypeID and Token are those of the padding.
	ID     int
	TypeID int
	Token  string
	// Left puts the padding before the text.
	Left bool
}

// Padding returns the padding that the file asks for, nil if it asks for none.
func (t *Tokenizer) Padding() *Padding {
	t = t.made()
	if t.padding == nil {
		return nil
	}
	c := *t.padding
	return &c
}

// maxPadding bounds the tokens of a batch that is filled up, by the number of its
// encodings and of the tokens that they have without padding.
func maxPadding(encodings, tokens int) int { return 1<<21 + 1<<10*(encodings+tokens) }

// pad fills up encodings and their overflowing parts.
func pad(list []*Encoding, by *Padding) error {
	length := by.Length
	if length == 0 {
		for _, e := range list {
			length = max(length, e.Len())
		}
	}
	if by.MultipleOf > 0 && length%by.MultipleOf > 0 {
		length += by.MultipleOf - length%by.MultipleOf
	}
	encodings, tokens := 0, 0
	for _, e := range list {
		encodings += 1 + len(e.Overflowing)
		tokens += e.Len()
		for _, o := range e.Overflowing {
			tokens += o.Len()
		}
	}
	if most := maxPadding(encodings, tokens); length > most/max(encodings, 1) {
		return fmt.Errorf("%w: padding %d texts to %d", budget.ErrTokens, encodings, length)
	}
	for _, e := range list {
		e.pad(length, by)
	}
	return nil
}

// pad fills up an encoding and its overflowing parts.
func (e *Encoding) pad(length int, by *Padding) {
	for _, o := range e.Overflowing {
		o.pad(length, by)
	}
	n := length - e.Len()
	if n <= 0 {
		return
	}
	e.IDs = padded(e.IDs, n, by.ID, by.Left)
	e.Tokens = padded(e.Tokens, n, by.Token, by.Left)
	e.Offsets = padded(e.Offsets, n, Offsets{}, by.Left)
	e.TypeIDs = padded(e.TypeIDs, n, by.TypeID, by.Left)
	e.Words = padded(e.Words, n, -1, by.Left)
	e.SpecialMask = padded(e.SpecialMask, n, 1, by.Left)
	e.AttentionMask = padded(e.AttentionMask, n, 0, by.Left)
}

// padded returns a list with n more elements.
func padded[T any](list []T, n int, v T, left bool) []T {
	out := make([]T, 0, n+len(list))
	if !left {
		out = append(out, list...)
	}
	for range n {
		out = append(out, v)
	}
	if left {
		out = append(out, list...)
	}
	return out
}

// readPadding reads the section that asks for padding.
func (t *Tokenizer) readPadding(raw []byte) error {
	if jsontext.IsNull(raw) {
		return nil
	}
	var f struct {
		Strategy   json.RawMessage `json:"strategy"`
		Direction  string          `json:"direction"`
		MultipleOf *int            `json:"pad_to_multiple_of"`
		ID         int             `json:"pad_id"`
		TypeID     int             `json:"pad_type_id"`
		Token      string          `json:"pad_token"`
	}
	if err := strictly("padding", raw, &f); err != nil {
		return err
	}
	left, err := isLeft("padding", f.Direction)
	if err != nil {
		return err
	}
	t.padding = &Padding{ID: f.ID, TypeID: f.TypeID, Token: f.Token, Left: left}
	if f.MultipleOf != nil {
		t.padding.MultipleOf = *f.MultipleOf
	}
	var fixed struct{ Fixed *int }
	if json.Unmarshal(f.Strategy, &fixed) == nil && fixed.Fixed != nil {
		if t.padding.Length = *fixed.Fixed; t.padding.Length == 0 {
			t.padding = nil // a length that every text has
		}
		return nil
	}
	if string(f.Strategy) != `"BatchLongest"` {
		return &fault.Unsupported{Component: "option", Name: "padding.strategy=" + string(f.Strategy)}
	}
	return nil
}

// isLeft reads a direction; none is right.
func isLeft(section, direction string) (bool, error) {
	switch direction {
	case "Left":
		return true, nil
	case "Right", "":
		return false, nil
	}
	return false, &fault.Unsupported{Component: "option", Name: section + ".direction=" + direction}
}
