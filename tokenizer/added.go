package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// adder gives added tokens their ids, list by list, as version 0.23 of the reference
// does: a token of the vocabulary keeps its id there, the others get the next free ones.
// The ids that the files give say the same where the reference has written them, and
// the reference goes by the order where they do not. Of several descriptions of a token
// the last one counts.
type adder struct {
	t         *Tokenizer
	ids       []int // in the order in which they were added
	isSpecial map[string]bool
	// normalized are tokens that any description says are found after normalization.
	normalized map[int]bool
	// others are further texts of tokens, which only files of tiktoken have.
	others []*added.Token
}

func newAdder(t *Tokenizer) *adder {
	t.addedIDs = map[string]int{}
	t.addedByID = map[int]*added.Token{}
	return &adder{t: t, isSpecial: map[string]bool{}, normalized: map[int]bool{}}
}

// add adds a list of tokens, and changes those that are there already.
func (a *adder) add(tokens []added.Token) error {
	next := a.t.vocab.Count
	for _, id := range a.ids {
		next = max(next, id+1)
	}
	for i := range tokens {
		one := &tokens[i]
		if one.Content == "" {
			continue
		}
		if len(one.Content) > added.MaxAdded {
			return fmt.Errorf("added token of %d bytes, the limit is %d", len(one.Content), added.MaxAdded)
		}
		id, ok := a.t.TokenToID(one.Content)
		switch {
		case one.Given:
			id = int(one.ID)
		case !ok:
			id = next
			next++
		}
		if id > vocab.MaxID {
			return errTooManyTokens
		}
		a.put(id, one)
	}
	return nil
}

// errTooManyTokens is the cause of refusing tokens beyond the largest id.
var errTooManyTokens = errors.New("too many added tokens")

// put gives a token its id.
func (a *adder) put(id int, one *added.Token) {
	one.ID = int64(id)
	if before, ok := a.t.addedByID[id]; !ok {
		a.ids = append(a.ids, id)
	} else if before.Content != one.Content && before.Given {
		a.others = append(a.others, before)
	}
	a.t.addedIDs[one.Content] = id
	a.t.addedByID[id] = one
	if one.Special {
		a.isSpecial[one.Content] = true
	}
	if one.Normalized {
		a.normalized[id] = true
	}
	a.t.size = max(a.t.size, id+1)
}

// done makes the sets that find the tokens in texts.
func (a *adder) done() error {
	t := a.t
	if err := a.setTexts(); err != nil {
		return err
	}
	t.isAdded = make([]bool, t.size)
	// Of several tokens with one text the first one is found, special ones before others.
	slices.SortStableFunc(a.ids, func(x, y int) int {
		return cmp.Compare(a.rank(x), a.rank(y))
	})
	var sets [2][]*added.Token
	var texts [2][]string
	for _, id := range a.ids {
		one := t.addedByID[id]
		kind, text := 0, one.Content
		if one.Normalized {
			kind, text = 1, one.Text
		}
		sets[kind], texts[kind] = append(sets[kind], one), append(texts[kind], text)
		t.isAdded[id] = true
		one.Passed = t.config.SplitSpecialTokens && a.isSpecial[one.Content]
		// The reference asks whether the text that it decodes is that of a special token.
		if a.isSpecial[one.Text] {
			t.special[id] = true
		}
	}
	for _, one := range a.others {
		sets[0], texts[0] = append(sets[0], one), append(texts[0], one.Content)
	}
	for kind := range t.added {
		t.added[kind] = added.NewSet(sets[kind], texts[kind])
	}
	for id := range t.special {
		t.isAdded[id] = true
	}
	return nil
}

func (a *adder) rank(id int) int {
	if a.isSpecial[a.t.addedByID[id].Content] {
		return 0
	}
	return 1
}

// setTexts sets what tokens are decoded as: what normalization makes of those that are
// found after it. (Version 0.22 of the reference decoded them as they are written.) All
// share one budget: a file has many.
func (a *adder) setTexts() error {
	size := 0
	for _, id := range a.ids {
		size += len(a.t.addedByID[id].Content)
	}
	var may budget.Budget
	may.Begin(nil, size)
	for _, id := range a.ids {
		one := a.t.addedByID[id]
		one.Text = one.Content
		if !a.normalized[id] {
			continue
		}
		text, err := normalizer.Alone(&may, a.t.normalizers, one.Content)
		if err != nil {
			return err
		}
		if !may.Take(len(text)) {
			return may.Err
		}
		one.Text = text
	}
	return nil
}

// addTokens adds the tokens of a file.
func (t *Tokenizer) addTokens(tokens []added.Token) error {
	a := newAdder(t)
	if err := a.add(tokens); err != nil {
		return err
	}
	return a.done()
}

// addAll adds the tokens of tokenizer.json, and then those that the files beside it
// name.
func (t *Tokenizer) addAll(own []added.Token, side *sidefiles.Side) error {
	a := newAdder(t)
	if err := a.add(own); err != nil {
		return err
	}
	has := map[string]bool{}
	for _, one := range t.addedByID {
		has[one.Content] = true
	}
	err := a.add(side.Tokens(func(text string) bool { return has[text] }))
	if err == nil {
		err = a.add(side.Renewed())
	}
	if err != nil {
		return &FormatError{File: sidefiles.ConfigName, Err: err}
	}
	return a.done()
}
